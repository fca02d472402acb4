/** Writers for tests: many messages at once, and a steady stream of them. */

import { operationLimits } from "../src/protocol/operation-limits.ts";
import type { RawClient } from "./client.ts";

const much = "1000000";

/** Lets one connection write, read and make rooms without being limited. */
export const unlimited: readonly string[] = [
  "--messages-burst",
  much,
  "--messages-per-second",
  much,
  "--reads-burst",
  much,
  "--reads-per-second",
  much,
  ...Object.keys(operationLimits).flatMap((name) => ["--operation-limits", `${name}=0`]),
];

const frame_commands = 250;

/** Publishes so many messages, a frame of them at a time, and waits for every acknowledgement. */
export async function publishMany(
  client: RawClient,
  channel: string,
  what: { count: number; data: (n: number) => unknown },
): Promise<void> {
  for (let first = 0; first < what.count; first += frame_commands) {
    const count = Math.min(frame_commands, what.count - first);
    const commands = Array.from({ length: count }, (_, at) =>
      client.command("publish", { channel, data: what.data(first + at) }),
    );
    client.send(commands.map(({ text }) => text).join("\n"));
    for (const { reply } of commands) {
      const { error } = await reply;
      if (error !== undefined) throw new Error(`Expected a publish; got ${error.code} ${error.message}`);
    }
  }
}

export interface Stream {
  /** Ends it; resolves with the number of messages once all are acknowledged. */
  stop(): Promise<number>;
}

/** Publishes at a rate, however late the timer comes round. */
export function publishSteadily(
  client: RawClient,
  channel: string,
  what: { perSecond: number; data: (n: number) => unknown },
): Stream {
  const start_ms = performance.now();
  const acks: Promise<{ error?: unknown }>[] = [];
  const timer = setInterval(() => {
    const due = ((performance.now() - start_ms) / 1000) * what.perSecond;
    const frame: string[] = [];
    while (acks.length < due) {
      const command = client.command("publish", { channel, data: what.data(acks.length) });
      frame.push(command.text);
      acks.push(command.reply);
    }
    if (frame.length > 0) client.send(frame.join("\n"));
  }, 20);
  return {
    async stop() {
      clearInterval(timer);
      for (const ack of acks) {
        const { error } = await ack;
        if (error !== undefined) throw new Error(`Expected an acknowledgement; got ${JSON.stringify(error)}`);
      }
      return acks.length;
    },
  };
}
