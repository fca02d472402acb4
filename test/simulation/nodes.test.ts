/** What people do by one node, while another one hears of it. */

import { expect, test } from "bun:test";
import { CalmWorld } from "./calm-world.ts";
import type { RoomLog } from "./room-log.ts";

const lives = 200;
const words = 30;
/** A node follows a hint after a tenth of a second. */
const stay_ms = { least: 90, most: 130 };

/** Somebody joins and leaves by one connection, while the other one may be at another node, in a room that is busy. */
function comeAndGo(seed: number): string | undefined {
  const world = new CalmWorld(seed, { nodes: 2, ringBytes: 1_000_000 });
  const [owner, guest] = world.readers;
  const [room] = world.rooms as [RoomLog];
  guest?.plain.rpc("room.join", { room: room.id });
  world.timeline.after(world.random.between(stay_ms.least, stay_ms.most), () =>
    guest?.plain.rpc("room.leave", { room: room.id }),
  );
  for (let n = 0; n < words; n++) {
    world.timeline.after(stay_ms.least + 2 * n, () =>
      owner?.page.ask({ publish: { channel: room.id, data: { text: `${n}` } } }),
    );
  }
  world.pass(stay_ms.most);
  world.settle();
  for (const node of world.nodes) node.kill();
  return world.violation;
}

test("who leaves by one node while another one opens the room for them is shown nothing above the leave", () => {
  const seeds = Array.from({ length: lives }, (_, seed) => seed);
  expect(seeds.map(comeAndGo).filter((violation) => violation !== undefined)).toEqual([]);
}, 120_000);
