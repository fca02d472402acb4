/** PROMISES.md T11: sockets that bring their request a byte at a time, and such as say nothing once they are upgraded. */

import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { connectRaw, percentile, within } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { quiet } from "../pulse.ts";
import { openRude } from "../rude-socket.ts";

const dribblers = 200;
const silent = 100;
const cut_s_max = 15;
const sign_in_s_max = 10;
const login_ms_max = 200;
const dribble_ms = 1_000;

interface Dribbler {
  /** Seconds until the server had enough of it. */
  readonly cut_s: Promise<number>;
  /** What it was told before. */
  readonly heard: () => string;
}

/** Says how a request begins and then a byte a second, for ever. */
function dribble(node: ChatNode, beginning: string): Dribbler {
  const { hostname, port } = new URL(node.url);
  const start_ms = performance.now();
  const { promise, resolve } = Promise.withResolvers<number>();
  const socket: Socket = connect(Number(port), hostname, () => socket.write(beginning));
  const timer = setInterval(() => socket.write("x"), dribble_ms);
  let heard = "";
  socket.on("data", (piece) => (heard += piece.toString()));
  socket.on("error", () => {});
  socket.on("close", () => {
    clearInterval(timer);
    resolve((performance.now() - start_ms) / 1000);
  });
  return { cut_s: promise, heard: () => heard };
}

/** Signs in as a guest again and again until the work is done; how long each took. */
async function loginsDuring(node: ChatNode, work: Promise<unknown>): Promise<number[]> {
  let going = true;
  void work.finally(() => (going = false));
  const took: number[] = [];
  while (going) {
    const start_ms = performance.now();
    await using honest = await connectRaw(node);
    await honest.subscribe("open:lobby");
    took.push(performance.now() - start_ms);
    await quiet(100);
  }
  return took;
}

test("who dribbles a request or is silent after the upgrade is cut, and an honest login takes its usual time", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using guest = await connectRaw(node);
  const token = guest.connected?.data.token ?? "";
  const heads = Array.from({ length: dribblers }, () => dribble(node, "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "));
  const bodies = Array.from({ length: 20 }, () =>
    dribble(
      node,
      `POST /api/room.list HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n` +
        `Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"`,
    ),
  );
  const upgraded = await Promise.all(
    Array.from({ length: silent }, async () => {
      const socket = await openRude(node);
      const start_ms = performance.now();
      const end = socket.closed.then((code) => ({ code, took_s: (performance.now() - start_ms) / 1000 }));
      return { end };
    }),
  );
  const cuts = Promise.all([...heads, ...bodies].map(({ cut_s }) => cut_s));
  const ends = Promise.all(upgraded.map(({ end }) => end));
  const work = within(Promise.all([cuts, ends]), () => "the end of all of them", 60_000);
  const logins = await loginsDuring(node, work);
  const cut_s = Math.max(...(await cuts));
  const stale_s = Math.max(...(await ends).map(({ took_s }) => took_s));
  const [median, worst] = [percentile(logins, 0.5), percentile(logins, 0.99)];
  console.log(
    `figure: T11 ${dribblers} sockets that dribble a head, ${bodies.length} a body: all cut after ${cut_s.toFixed(1)} s; ` +
      `${silent} silent ones: closed after ${stale_s.toFixed(1)} s; ` +
      `${logins.length} honest logins meanwhile: median ${median.toFixed(0)}, p99 ${worst.toFixed(0)} ms`,
  );
  expect(cut_s).toBeLessThan(cut_s_max);
  // The heartbeat looks once a second.
  expect(stale_s).toBeLessThan(sign_in_s_max + 1.5);
  expect(worst).toBeLessThan(login_ms_max);
  for (const { code } of await ends) expect([3502, 3013]).toContain(code);
  for (const { heard } of bodies) expect(heard()).toContain("the body did not come within 10 s");
}, 120_000);
