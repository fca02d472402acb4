import { expect, test } from "bun:test";
import { startNode } from "../harness.ts";
import { membersOf, returnAll } from "../returning.ts";
import { unlimited } from "../writing.ts";

const people = 700;
const rooms = 10;

test(`${people} members of ${rooms} rooms come back at once after a restart, and nobody is refused`, async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  const members = await membersOf(node, { people, rooms });
  for (const by of ["connect", "subscribe"] as const) {
    await node.restart();
    const { refused, took_ms } = await returnAll(node, members, by);
    expect(refused).toEqual([]);
    console.log(`figure: ${people} members back in ${rooms} rooms each by ${by} after ${took_ms.toFixed(0)} ms`);
  }
});
