import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Checker, kept } from "../checker.ts";
import { connectRaw } from "../client.ts";
import { Crowd } from "../crowd.ts";
import { wrongClock } from "../wrong-clock.ts";
import { startNode } from "../harness.ts";
import { printedSeed, randomOf } from "../seed.ts";
import { temporaryFolder } from "../temporary.ts";
import { unlimited } from "../writing.ts";

const rooms = ["open:one", "open:two"];
/** What the wall clock says beside the true time, one after another. */
const steps = ["+7200", "-7200", "+7200", "-7200", "+0", "-7200"];

test("T14: order, once and resume are unaffected by a wall clock that steps by hours, in the run and between runs", async () => {
  const random = randomOf(printedSeed());
  using folder = temporaryFolder();
  const file = join(folder.path, "offset");
  const step = (offset: string): void => writeFileSync(file, `${offset}\n`);
  step(steps[0] ?? "");
  const env = wrongClock(file);
  await using node = await startNode({ binary: true, args: ["--open", ...unlimited], env });
  expect(Math.abs(Date.parse(String(node.logs[0]?.["time"])) - Date.now() - 7_200_000)).toBeLessThan(60_000);
  const checker = new Checker();
  await using first = await connectRaw(node);
  const { epoch = "", token } = first.connected?.data ?? {};
  for (const room of rooms) await first.subscribe(room);
  const id = "01890000-0000-7000-8000-000000000001";
  const early = await first.rpc("message.send", { room: rooms[0], id, data: "early" });
  const crowd = new Crowd({ node, checker, rooms, epoch, senders: 4, inFlight: 5, readers: 4, random });

  for (const [at, offset] of steps.entries()) {
    step(offset);
    // The crowd's connections live on while the clock steps, and in every third round the server is restarted too.
    if (at % 3 === 2) await node.restart();
    const acks = checker.acks;
    await using witness = await connectRaw(node, { token: token ?? "" });
    await witness.subscribe(rooms[1] ?? "", { recover: true, epoch, offset: 0 });
    await witness.until(() => checker.acks > acks + 300, "300 more acknowledged messages");
    // A retry from before the steps finds what was stored then.
    expect(await witness.rpc("message.send", { room: rooms[0], id, data: "early" })).toEqual(early);
  }
  await crowd.finish();
  expect(await node.stop()).toBe(0);
  expect(await checker.verify(node)).toEqual(kept);
  // What people are shown never goes back within a room.
  for (const room of rooms) {
    const times = crowd.times.filter((one) => one.room === room).toSorted((a, b) => a.seq - b.seq);
    expect(times.every(({ time }, at) => at === 0 || time >= (times[at - 1]?.time ?? 0))).toBe(true);
  }
  console.log(`figure: T14 clock: ${checker.acks} acks over ${steps.length} steps of 2 hours, I1 to I6 = 0`);
}, 120_000);
