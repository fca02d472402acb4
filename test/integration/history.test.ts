import { expect, test } from "bun:test";
import { connectSdk, enterRoom } from "../centrifuge.ts";
import { connectRaw, type RawClient } from "../client.ts";
import { startNode } from "../harness.ts";

const lobby = "open:lobby";
const fast = ["--open", "--messages-burst", "5000", "--messages-per-second", "5000"];

async function write(client: RawClient, count: number): Promise<void> {
  const commands = Array.from({ length: count }, (_, n) => client.command("publish", { channel: lobby, data: n }));
  for (let at = 0; at < count; at += 500) {
    client.send(
      commands
        .slice(at, at + 500)
        .map(({ text }) => text)
        .join("\n"),
    );
  }
  for (const { reply } of commands) expect((await reply).error).toBeUndefined();
}

test("history answers from a position on, backwards, with limits, and always with the top", async () => {
  await using node = await startNode({ args: fast });
  await using client = await connectRaw(node);
  const { epoch } = await client.subscribe(lobby);
  await write(client, 1_200);
  const seqs = async (asked: object): Promise<number[]> => {
    const { history } = await client.request("history", { channel: lobby, ...asked });
    expect(history).toMatchObject({ epoch: epoch ?? "", offset: 1_200 });
    return history?.publications.map(({ offset }) => offset) ?? [];
  };
  const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);
  expect(await seqs({})).toEqual([]);
  expect(await seqs({ limit: 0 })).toEqual([]);
  expect(await seqs({ limit: 3 })).toEqual([1, 2, 3]);
  expect(await seqs({ limit: 3, reverse: true })).toEqual([1_200, 1_199, 1_198]);
  expect(await seqs({ limit: 3, since: { offset: 10, epoch } })).toEqual([11, 12, 13]);
  expect(await seqs({ limit: 3, since: { offset: 10, epoch }, reverse: true })).toEqual([9, 8, 7]);
  expect(await seqs({ limit: 3, since: { offset: 1_199, epoch } })).toEqual([1_200]);
  expect(await seqs({ limit: 3, since: { offset: 1_200, epoch } })).toEqual([]);
  expect(await seqs({ limit: 3, since: { offset: 1, epoch }, reverse: true })).toEqual([]);
  expect(await seqs({ limit: 1_000 })).toEqual(range(1, 1_000));
  expect(await seqs({ limit: 1_000_000 })).toEqual(range(1, 1_000));
  expect(await seqs({ limit: -1 })).toEqual(range(1, 1_000));
  expect(await seqs({ limit: 1_000, since: { offset: 1_000, epoch } })).toEqual(range(1_001, 1_200));
  const wrong = { channel: lobby, limit: 1, since: { offset: 1, epoch: "zzzzzzzz" } };
  expect(await client.refusal("history", wrong)).toMatchObject({ code: 112 });
});

test("the SDK pages through history, and gets the objects that came live", async () => {
  await using node = await startNode({ args: fast });
  using sdk = await connectSdk(node, { data: {} });
  const { subscription, publications } = await enterRoom(sdk.client, lobby);
  for (let n = 0; n < 25; n++) await subscription.publish({ n, text: `message ${n}` });
  const read: unknown[] = [];
  for (let since = { offset: 0, epoch: "" }; ;) {
    const page = await subscription.history({ limit: 10, since });
    if (page.publications.length === 0) break;
    read.push(
      ...page.publications.map(({ data, offset, info, tags }) => ({ data: data as object, offset, info, tags })),
    );
    since = { offset: page.publications.at(-1)?.offset ?? 0, epoch: page.epoch };
  }
  expect(read).toEqual(
    publications.map(({ data, offset, info, tags }) => ({ data: data as object, offset, info, tags })),
  );
  expect(read).toHaveLength(25);
});

test("a page of large messages is cut at 256 KiB and goes on from its last event", async () => {
  await using node = await startNode({ args: fast });
  await using client = await connectRaw(node);
  const { epoch } = await client.subscribe(lobby);
  for (let n = 0; n < 10; n++) await client.request("publish", { channel: lobby, data: { big: "y".repeat(60_000) } });
  const first = await client.request("history", { channel: lobby, limit: 100 });
  expect(first.text.length).toBeLessThanOrEqual(256 * 1024 + 200);
  const count = first.history?.publications.length ?? 0;
  expect(count).toBe(4);
  const rest = await client.request("history", { channel: lobby, limit: 100, since: { offset: count, epoch } });
  expect(rest.history?.publications[0]?.offset).toBe(count + 1);
});
