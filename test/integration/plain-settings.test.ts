/** What the operator can make of the naive door. */

import { expect, test } from "bun:test";
import { startNode } from "../harness.ts";
import { connectPlain, refusedStatus } from "../plain-client.ts";

test("a welcome text comes first, once for each connection", async () => {
  await using node = await startNode({ args: ["--open", "--plain-welcome", "hello, welcome"] });
  await using first = await connectPlain(node.url);
  expect(await first.hear(1)).toEqual(["hello, welcome"]);
  await using second = await connectPlain(node.url);
  first.say("hi");
  expect(await second.hear(2)).toEqual(["hello, welcome", "hi"]);
  expect(await first.hear(2)).toEqual(["hello, welcome", "hi"]);
});

test("the clock sends everybody the Unix time in seconds, every second", async () => {
  await using node = await startNode({ args: ["--open", "--plain-clock"] });
  await using first = await connectPlain(node.url);
  await using second = await connectPlain(`${node.url}/?room=elsewhere`);
  const times = (await first.hear(3)).map(Number);
  expect(Math.abs((times[0] ?? 0) - Date.now() / 1000)).toBeLessThan(5);
  expect((times[2] ?? 0) - (times[0] ?? 0)).toBeWithin(1, 4);
  expect((await second.hear(1))[0]).toMatch(/^\d{10}$/);
});

test("without --open the door is shut, with a sentence that says so", async () => {
  await using node = await startNode();
  expect(await refusedStatus(`${node.url}/`)).toBe(403);
});
