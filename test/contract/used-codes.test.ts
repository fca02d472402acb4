/** A code of a second factor is good once, on whatever node it is given. */

import { expect, test } from "bun:test";
import { useCode } from "../../src/store/accounts/used-codes.ts";
import { committers } from "./committers.ts";

for (const { name, at } of committers)
  test(`of all who come with a code at once one is let in, and nobody until it is good no more: ${name}`, async () => {
    const place = await at();
    const nodes = [await place.open()];
    if (place.shared) nodes.push(await place.open());
    const letIn = async (now: number, id = "ada's 123456"): Promise<number> => {
      const tries = [...nodes, ...nodes].map(({ db }) => useCode(db, { id, at: now, until: now + 90_000 }));
      return (await Promise.all(tries)).filter((used) => used).length;
    };
    expect(await letIn(1_000)).toBe(1);
    expect(await letIn(91_000)).toBe(0);
    expect(await letIn(2_000, "bob's 123456")).toBe(1);
    // Half a year later the same digits come up again.
    expect(await letIn(91_001)).toBe(1);
    for (const node of nodes) await node.close();
    await place.end();
  });
