/** Whom one has blocked, against a server of which the test says when it answers. */

import { expect, test } from "bun:test";
import type { Call } from "../../../src/sdk/call.ts";
import type { ConnectionState } from "../../../src/sdk/chat-client.ts";
import { Listeners } from "../../../src/sdk/listeners.ts";
import { Blocks } from "../../../src/web/blocks.ts";

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

function blocksOf() {
  const lists: ((ids: string[]) => Promise<void>)[] = [];
  const call = (name: string): Promise<unknown> => {
    if (name !== "block.list") return Promise.resolve({});
    const { promise, resolve } = Promise.withResolvers<unknown>();
    lists.push((ids) => (resolve({ users: ids.map((id) => ({ id, name: id })) }), settled()));
    return promise;
  };
  const states = new Listeners<ConnectionState>();
  const blocks = new Blocks({ call: call as Call, failures: new Listeners<unknown>(), states });
  const connect = (): void => states.tell({ status: "connected", code: 0, reason: "" });
  return { blocks, lists, connect };
}

test("who is blocked while the list is on its way stays blocked", async () => {
  const { blocks, lists, connect } = blocksOf();
  connect();
  await blocks.block("eve");
  await lists[0]?.([]);
  expect(blocks.has("eve")).toBe(true);
  await lists[1]?.(["eve"]);
  expect(blocks.has("eve")).toBe(true);
  expect(lists).toHaveLength(2);
});

test("that the last one was unblocked on another device is told", async () => {
  const { blocks, lists, connect } = blocksOf();
  let told = 0;
  connect();
  await lists[0]?.(["eve"]);
  blocks.changes.add(() => told++);
  connect();
  await lists[1]?.([]);
  expect(blocks.has("eve")).toBe(false);
  expect(told).toBe(1);
});
