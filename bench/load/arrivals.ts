/**
 * A crowd of which each only arrives: the upgrade, and a connect command where the server wants one. What they send is
 * made before the clock runs, and of what comes back as much is read as tells a sign-in from a refusal: clients that do
 * more would cost more than the server.
 */

import type { Socket, SocketHandler } from "bun";
import { BusyLoop } from "../../src/cli/load/busy-loop.ts";
import { clientFrame } from "../../src/cli/load/frame-reader.ts";
import { upgradeRequest, type Target } from "../../src/cli/load/raw-socket.ts";
import { systemClock } from "../../src/lib/clock.ts";

export interface Arrival {
  /** The bytes of the upgrade. */
  readonly upgrade: Buffer;
  /** The bytes of the connect command; undefined for who is there when upgraded. */
  readonly connect: Buffer | undefined;
  step: "upgrading" | "signing in" | "there";
}

const upgraded = "HTTP/1.1 101 ";
const signedIn = '{"id":1,"connect":{"client":"';
/** A text of 126 to 65,535 bytes stands behind four bytes of its frame. */
const frameHead = 4;

export function arrivalOf(target: Target, token?: string): Arrival {
  const connect =
    token === undefined ? undefined : clientFrame(JSON.stringify({ id: 1, connect: { token, data: {} } }));
  return { upgrade: Buffer.from(upgradeRequest(target)), connect, step: "upgrading" };
}

/**
 * Resolves when all are there, with the milliseconds in which nothing came; `at_once` of them are on their way at a
 * time. Their sockets stay open.
 */
export async function arrive(
  { hostname, port }: Target,
  arrivals: readonly Arrival[],
  at_once: number,
): Promise<number> {
  const { promise, reject, resolve } = Promise.withResolvers<void>();
  let begun = 0;
  let there = 0;
  let chunks = 0;
  const begin = (): void => {
    const data = arrivals[begun++];
    if (data !== undefined) Bun.connect({ hostname, port, data, socket: handlers }).catch(reject);
  };
  const answered = (socket: Socket<Arrival>, chunk: Buffer): void => {
    chunks++;
    const arrival = socket.data;
    const { connect, step } = arrival;
    if (step === "there") return;
    const [expected, at] = step === "upgrading" ? ([upgraded, 0] as const) : ([signedIn, frameHead] as const);
    if (chunk.toString("latin1", at, at + expected.length) !== expected)
      return reject(new Error(`${step}: expected ${expected}, the server answered ${chunk.toString("latin1")}`));
    if (step === "upgrading" && connect !== undefined) {
      arrival.step = "signing in";
      socket.write(connect);
      return;
    }
    arrival.step = "there";
    there++;
    if (there === arrivals.length) resolve();
    else begin();
  };
  const handlers: SocketHandler<Arrival> = {
    binaryType: "buffer",
    open: (socket) => void socket.write(socket.data.upgrade),
    data: answered,
    close: () => reject(new Error("The server closed a connection.")),
    error: (_socket, error) => reject(error),
  };
  if (arrivals.length === 0) return 0;
  const busyLoop = new BusyLoop(systemClock, () => chunks);
  for (let index = 0; index < at_once; index++) begin();
  try {
    await promise;
  } finally {
    busyLoop.stop();
  }
  return busyLoop.idle_ms;
}
