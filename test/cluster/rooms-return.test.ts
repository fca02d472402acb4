/** A node that starts again has all of its people at once, and asks the libSQL server for them by few questions. */

import { expect, test } from "bun:test";
import { membersOf, returnAll } from "../returning.ts";
import { nodeOf, startCluster } from "./nodes.ts";

const people = 400;
const rooms = 10;

test(`${people} members of ${rooms} rooms come back to a node at once, and nobody is refused`, async () => {
  await using cluster = await startCluster({ count: 1 });
  const node = nodeOf(cluster, 0);
  const members = await membersOf(node, { people, rooms });
  for (const by of ["connect", "subscribe"] as const) {
    await node.restart();
    const { refused, took_ms } = await returnAll(node, members, by);
    expect(refused).toEqual([]);
    console.log(
      `figure: ${people} members back at a node in ${rooms} rooms each by ${by} after ${took_ms.toFixed(0)} ms`,
    );
  }
});
