import { expect, test } from "bun:test";
import { connectSdk, enterRoom } from "../centrifuge.ts";
import { connectRaw, within, type RawClient } from "../client.ts";
import { startNode } from "../harness.ts";
import { publishMany, unlimited } from "../writing.ts";

const room = "open:lobby";

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

/** Resumes at a position, waits for the top, and gives what came, as texts; checks that the reply's offset is that of the last event it carried. */
async function resumed(client: RawClient, from: { epoch: string; offset: number; top: number }): Promise<string[]> {
  const { epoch, offset, top } = from;
  const result = await client.subscribe(room, { recover: true, epoch, offset });
  expect(result).toMatchObject({ recovered: true, was_recovering: true, epoch });
  expect(result.offset).toBe(result.publications?.at(-1)?.offset ?? offset);
  if (top > offset) await client.untilSeq(room, top);
  return client.log(room).map(({ text }) => text);
}

test("after a restart the unmodified SDK resumes by itself, without a hole and without a double", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  using sdk = await connectSdk(node, { data: {} });
  sdk.client.setToken(sdk.data.token ?? "");
  const { subscription, publications } = await enterRoom(sdk.client, room, { recoverable: true, positioned: true });
  for (let round = 0; round < 3; round++) {
    await using writer = await connectRaw(node);
    await publishMany(writer, room, { count: 700, data: (n) => ({ round, n }) });
    const back = new Promise<boolean>((resolve) => subscription.once("subscribed", (told) => resolve(told.recovered)));
    await node.kill();
    await node.restart();
    // More is written before the SDK has come back, or after: both must come out the same.
    await using again = await connectRaw(node);
    await publishMany(again, room, { count: 300, data: (n) => ({ round, late: n }) });
    expect(await within(back, () => "a subscription after the restart")).toBe(true);
  }
  const all = new Promise<void>((resolve) => {
    const look = (): void => void (publications.length >= 3_000 && resolve());
    subscription.on("publication", look);
    look();
  });
  await within(all, () => `3,000 publications, have ${publications.length}`);
  expect(publications.map(({ offset }) => offset)).toEqual(range(1, 3_000));
});

test("a resume gives the same bytes from the ring, beyond the ring, and after a restart", async () => {
  await using node = await startNode({ args: ["--open", "--ring-bytes-max", "1MiB", ...unlimited] });
  await using writer = await connectRaw(node);
  const { epoch = "" } = await writer.subscribe(room);
  const top = 3_000;
  await publishMany(writer, room, { count: top, data: (n) => ({ n, text: "é".repeat(n % 700) }) });
  await writer.untilSeq(room, top);
  const live = writer.log(room).map(({ text }) => text);
  for (let round = 0; round < 2; round++) {
    for (const offset of [top, top - 1, top - 150, top - 900, 1_500, 1, 0]) {
      await using reader = await connectRaw(node);
      expect(await resumed(reader, { epoch, offset, top })).toEqual(live.slice(offset));
    }
    await node.restart();
  }
});

test("a position above the top, of another epoch or too far behind gets recovered: false and disturbs nobody", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using writer = await connectRaw(node);
  const { epoch = "" } = await writer.subscribe(room);
  await publishMany(writer, room, { count: 10_001, data: (n) => n });
  await using witness = await connectRaw(node);
  await witness.subscribe(room);
  for (const [position, recovered] of [
    [{ epoch, offset: 10_002 }, false],
    [{ epoch, offset: 2 ** 40 }, false],
    [{ epoch: "zzzzzzzz", offset: 10_001 }, false],
    [{ epoch: "zzzzzzzz", offset: 0 }, false],
    [{ epoch, offset: 0 }, false],
    [{ epoch, offset: 1 }, true],
    [{ epoch, offset: 10_001 }, true],
    [{ offset: 10_000 }, true],
  ] as const) {
    await using reader = await connectRaw(node);
    const result = await reader.subscribe(room, { recover: true, ...position });
    expect([position, result.recovered, result.was_recovering]).toEqual([position, recovered, true]);
    if (recovered) {
      await reader.until(() => reader.log(room).length >= 10_001 - position.offset, "the rest");
      expect(reader.seqs(room)).toEqual(range(position.offset + 1, 10_001));
    } else {
      expect(result).toMatchObject({ epoch, offset: 10_001 });
      expect(reader.seqs(room)).toEqual([]);
    }
  }
  await publishMany(writer, room, { count: 1, data: () => "after" });
  await witness.untilSeq(room, 10_002);
  expect(witness.seqs(room)).toEqual([10_002]);
});

test("without recover a subscription begins at the top", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using writer = await connectRaw(node);
  await writer.subscribe(room);
  await publishMany(writer, room, { count: 5, data: (n) => n });
  await using reader = await connectRaw(node);
  const result = await reader.subscribe(room, { epoch: "zzzzzzzz", offset: 2 });
  expect(result).toMatchObject({ offset: 5, recoverable: true, positioned: true });
  expect(result.recovered).toBeUndefined();
  await publishMany(writer, room, { count: 1, data: (n) => n });
  await reader.untilSeq(room, 6);
  expect(reader.seqs(room)).toEqual([6]);
});
