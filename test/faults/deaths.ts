/** A server that dies again and again under senders and readers: T1, where it is killed, and T2, where the power is cut. */

import { expect } from "bun:test";
import { Checker } from "../checker.ts";
import { connectRaw, eventually } from "../client.ts";
import { Crowd } from "../crowd.ts";
import type { ChatNode } from "../harness.ts";

const rooms = ["open:one", "open:two", "open:three", "open:four"];
const acks_ms_max = 60_000;

export interface Deaths {
  readonly times: number;
  readonly random: () => number;
  /** So many messages are acknowledged before the last death, about as many before each. None: the clock alone decides. */
  readonly acks_min?: number;
  /** Ends the server, and does what its next start needs. */
  readonly die: () => Promise<void>;
}

export interface Survived {
  readonly checker: Checker;
  readonly crowd: Crowd;
  /** From each start to the first connection that was accepted. */
  readonly restarts_ms: readonly number[];
}

/** Returns when every message is acknowledged and every reader has it; the server runs then. */
export async function surviveDeaths(node: ChatNode, deaths: Deaths): Promise<Survived> {
  const { times, random, acks_min = 0, die } = deaths;
  const checker = new Checker();
  const epoch = await (async () => {
    await using first = await connectRaw(node);
    for (const room of rooms) {
      await first.subscribe(room);
      await first.request("publish", { channel: room, data: "first" });
    }
    return first.connected?.data.epoch ?? "";
  })();
  const crowd = new Crowd({ node, checker, rooms, epoch, senders: 20, inFlight: 10, readers: 8, random });
  const restarts_ms: number[] = [];
  for (let death = 1; death <= times; death++) {
    await new Promise((resume) => setTimeout(resume, 300 + random() * 700));
    const due = (acks_min * death) / times;
    const isDue = (): boolean => {
      if (crowd.failure !== undefined) throw crowd.failure;
      return checker.acks >= due;
    };
    await eventually(isDue, `${due} acknowledged messages`, acks_ms_max);
    await die();
    const start_ms = performance.now();
    await node.restart();
    await using accepted = await connectRaw(node);
    restarts_ms.push(performance.now() - start_ms);
    expect(accepted.connected?.data.epoch).toBe(epoch);
  }
  await crowd.finish();
  return { checker, crowd, restarts_ms };
}
