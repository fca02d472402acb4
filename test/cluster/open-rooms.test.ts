/** Open rooms that stay without a message: they vanish once nobody is there by any node, and not before. */

import { expect, test } from "bun:test";
import { withDatabase } from "../checker.ts";
import { connectRaw, eventually } from "../client.ts";
import { nodeOf, startCluster } from "./nodes.ts";

const vanished_ms_max = 45_000;
/** Without a visit a room is removed after so long. */
const unvisited_ms = 30_000;

async function openRooms(url: string): Promise<string[]> {
  const { rows } = await withDatabase(url, (client) => client.execute("SELECT id FROM rooms WHERE kind = 'open'"));
  return rows.map((row) => row[0] as string).sort();
}

test("an empty open room vanishes when its people have left both nodes; others stay, with people or with words", async () => {
  await using cluster = await startCluster({ count: 2 });
  const [a, b] = [nodeOf(cluster, 0), nodeOf(cluster, 1)];
  await using here = await connectRaw(a);
  await using there = await connectRaw(b);
  for (const id of ["open:empty", "open:words", "open:visited"]) {
    await here.subscribe(id);
    await there.subscribe(id);
  }
  await here.request("publish", { channel: "open:words", data: { text: "stays" } });
  for (const id of ["open:empty", "open:words", "open:visited"]) await here.request("unsubscribe", { channel: id });
  for (const id of ["open:empty", "open:words"]) await there.request("unsubscribe", { channel: id });
  expect(await openRooms(cluster.sqld.url)).toEqual(["open:empty", "open:visited", "open:words"]);
  const left_ms = performance.now();
  const gone = async (): Promise<boolean> => !(await openRooms(cluster.sqld.url)).includes("open:empty");
  await eventually(gone, "the empty room gone", vanished_ms_max);
  const took_ms = performance.now() - left_ms;
  console.log(`figure: an empty open room of two nodes vanished after ${took_ms.toFixed(0)} ms (${vanished_ms_max})`);
  expect(took_ms).toBeGreaterThan(unvisited_ms / 2);
  expect(await openRooms(cluster.sqld.url)).toEqual(["open:visited", "open:words"]);
  // Whoever comes now makes it anew, by whichever node, and its log is one for all.
  await here.subscribe("open:empty");
  await there.subscribe("open:empty");
  for (const id of ["open:empty", "open:visited"]) {
    if (id === "open:visited") await here.subscribe(id);
    await here.request("publish", { channel: id, data: { text: "from here" } });
    await there.untilSeq(id, 1);
    await there.request("publish", { channel: id, data: { text: "from there" } });
    await here.untilSeq(id, 2);
  }
}, 90_000);

test("a room that vanished under its people: it is put back, or they are sent to the one that was made instead", async () => {
  await using cluster = await startCluster({ count: 2 });
  const [a, b] = [nodeOf(cluster, 0), nodeOf(cluster, 1)];
  await using kept = await connectRaw(a);
  await using lost = await connectRaw(a);
  await kept.subscribe("open:kept");
  await lost.subscribe("open:lost");
  // What other nodes do when this one has not been at the database for long.
  const remove = "DELETE FROM rooms WHERE kind = 'open'";
  const make =
    "INSERT INTO rooms (id, kind, name, created_at) VALUES ('open:lost', 'open', 'lost', unixepoch() * 1000)";
  await withDatabase(cluster.sqld.url, (client) => client.batch([remove, make], "write"));
  await using there = await connectRaw(b);
  await there.subscribe("open:lost");
  expect(await lost.closed).toMatchObject({ code: 3010 });
  await eventually(async () => (await openRooms(cluster.sqld.url)).includes("open:kept"), "the room put back");
  await kept.request("publish", { channel: "open:kept", data: { text: "still here" } });
  await kept.untilSeq("open:kept", 1);
  await using again = await connectRaw(a);
  await again.subscribe("open:lost");
  await again.request("publish", { channel: "open:lost", data: { text: "here again" } });
  await there.untilSeq("open:lost", 1);
}, 60_000);
