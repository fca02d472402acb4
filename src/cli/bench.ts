/** `confab bench`: the WebSocket load of the benchmark against a server that runs, bounded in time and number. */

import type { Clock } from "../lib/clock.ts";
import { OperatorError } from "../lib/operator-error.ts";
import type { Command, Surroundings } from "./command.ts";
import { RefusedError } from "./load/confab-client.ts";
import { ConfabTarget, signToken } from "./load/confab-target.ts";
import { Load, type LoadResult, type Pace } from "./load/load.ts";
import type { Shape } from "./load/load-room.ts";
import { targetOf, type Target } from "./load/raw-socket.ts";

const members_max = 1_000;
const seconds_max = 60;
const warmup_ms = 1_000;
const body_bytes = 128;
/** The code of `too_many_requests`. */
const limited = 111;

interface Workload {
  readonly name: string;
  readonly sentence: string;
  readonly shape: Shape;
  readonly pace: Pace;
}

function workloads(members: number): Workload[] {
  const one = { rooms: 1, members, senders: Math.min(8, members), body_bytes };
  return [
    {
      name: "latency",
      sentence: `1 room of ${members}, 100 messages a second`,
      shape: { ...one, senders: Math.min(20, members) },
      pace: { kind: "open", messages_per_second: 100 },
    },
    {
      name: "one at a time",
      sentence: `1 room of ${members}, a message when the one before is acknowledged`,
      shape: { ...one, senders: 1 },
      pace: { kind: "closed", in_flight: 1 },
    },
    {
      name: "one busy room",
      sentence: `1 room of ${members}, 256 messages on their way`,
      shape: one,
      pace: { kind: "closed", in_flight: 256 },
    },
    {
      name: "many rooms",
      sentence: `${Math.ceil(members / 10)} rooms of 10, 640 messages on their way`,
      shape: { rooms: Math.ceil(members / 10), members: Math.min(10, members), senders: 1, body_bytes },
      pace: { kind: "closed", in_flight: 640 },
    },
  ];
}

export const benchCommand: Command = {
  summary: "loads a running server and prints what this machine makes of it",
  examples: [
    ["confab bench", "the server on ws://127.0.0.1:8000, as guests (it runs with --open)"],
    ["confab bench --url wss://chat.example.com --seconds 10", "another server, longer"],
    ["CONFAB_JWT_SECRET=… confab bench", "with users' tokens, where guests are not let in"],
  ],
  flags: [
    { name: "url", takesValue: true },
    { name: "members", takesValue: true },
    { name: "seconds", takesValue: true },
  ],
  details: () =>
    [
      "It makes rooms and writes messages into them, so use a server whose data you can throw away:\n",
      "  confab serve --open --data ./confab-data-bench --messages-per-second 1000000 --messages-burst 1000000\n",
      `  --url      where the server is; default ws://127.0.0.1:8000`,
      `  --members  connections, at most ${members_max}; default 100`,
      `  --seconds  of each of the four loads, at most ${seconds_max}; default 5\n`,
      "The load runs on this machine: where the server does too, the two share its cores.\n",
    ].join("\n"),
  run: bench,
};

function bounded(surroundings: Surroundings, name: string, range: { fallback: number; max: number }): number {
  const text = surroundings.flags[name]?.at(-1);
  if (text === undefined) return range.fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= range.max) return value;
  throw new OperatorError(`--${name}: expected a number from 1 to ${range.max}, got ${JSON.stringify(text)}.`, {
    exitCode: 2,
  });
}

function serverAddress(text: string): Target {
  if (!URL.canParse(text) || !/^(wss?|https?):$/.test(new URL(text).protocol)) {
    throw new OperatorError(`--url: expected an address such as ws://127.0.0.1:8000, got ${JSON.stringify(text)}.`, {
      exitCode: 2,
    });
  }
  const target = targetOf(text);
  return target.path === "/" ? { ...target, path: "/connection/websocket" } : target;
}

async function bench(surroundings: Surroundings): Promise<number> {
  const { clock, env, flags, output } = surroundings;
  const url = flags["url"]?.at(-1) ?? "ws://127.0.0.1:8000";
  const address = serverAddress(url);
  const members = bounded(surroundings, "members", { fallback: 100, max: members_max });
  const seconds = bounded(surroundings, "seconds", { fallback: 5, max: seconds_max });
  const secret = env["CONFAB_JWT_SECRET"];
  // Users of an earlier run may have come to their limits.
  const run = clock.now().toString(36);
  const token =
    secret === undefined ? undefined : (subject: string) => signToken(secret, `${run}-${subject}`, clock.now());
  output.write(`${url}, ${members} members, ${seconds} s each\n`);
  for (const workload of workloads(members)) {
    output.write(`\n${workload.name}: ${workload.sentence}\n`);
    const progress = (sentence: string): void => output.write(`  ${sentence} …\n`);
    const target = new ConfabTarget({ target: address, token, progress });
    try {
      output.write(report(await measure({ clock, target, workload, seconds }), workload));
    } catch (error) {
      throw explained(error, url);
    } finally {
      target.close();
    }
  }
  return 0;
}

async function measure(what: {
  clock: Clock;
  target: ConfabTarget;
  workload: Workload;
  seconds: number;
}): Promise<LoadResult & { limited: boolean }> {
  const { clock, target, workload, seconds } = what;
  const rooms = await target.enter(workload.shape);
  const window_ms = seconds * 1000;
  const load = new Load({ clock, target, rooms, pace: workload.pace, warmup_ms, window_ms });
  const result = await load.run();
  return { ...result, limited: target.faults.errors.has(limited) };
}

function number(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function report(result: LoadResult & { limited: boolean }, workload: Workload): string {
  const { window_s, deliveries, messages, errors, p50_ms, p99_ms, generator_cpu, missing, holes, closed } = result;
  const lines = [
    `${number(messages / window_s)} messages/s, ${number(deliveries / window_s)} deliveries/s; the load itself took ${(generator_cpu * 100).toFixed(0)}% of a core`,
  ];
  if (p50_ms !== undefined && p99_ms !== undefined && workload.pace.kind === "open")
    lines.push(`from send to receipt: half within ${p50_ms.toFixed(2)} ms, 99% within ${p99_ms.toFixed(2)} ms`);
  if (result.limited)
    lines.push("the server limits what one sender may send (messages_per_second): that is what was measured");
  else if (errors > 0) lines.push(`${number(errors)} sends were refused`);
  if (generator_cpu > 0.95) lines.push("the load is the limit, not the server");
  if (missing > 0 || holes > 0 || closed > 0)
    lines.push(`not as it should be: ${missing} deliveries missing, ${holes} holes, ${closed} connections closed`);
  return lines.map((line) => `  ${line}\n`).join("");
}

function explained(error: unknown, url: string): unknown {
  if (error instanceof RefusedError) {
    return new OperatorError(
      `${error.message}. Start the server with --open, or give CONFAB_JWT_SECRET to sign users in with.`,
      { cause: error },
    );
  }
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ECONNREFUSED" || code === "ENOTFOUND" || code === "FailedToOpenSocket")
    return new OperatorError(`Nothing answers at ${url}: start a server, or name another one with --url.`, {
      cause: error,
    });
  return error;
}
