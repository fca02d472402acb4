import { expect, test } from "bun:test";
import { connectRaw, openRaw, within } from "../client.ts";
import { startNode } from "../harness.ts";
import { post } from "../http-client.ts";

test("a guest who signs out is answered, loses every connection of that sign-in for good, and the token is refused", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using first = await connectRaw(node, { data: { name: "Ada" } });
  const token = first.connected?.data.token ?? "";
  await using second = await connectRaw(node, { token });
  await using bystander = await connectRaw(node, { data: { name: "Bob" } });

  const asked = performance.now();
  const reply = await first.request("rpc", { method: "session.end", data: {} });
  expect(reply.error).toBeUndefined();
  for (const client of [first, second]) {
    expect(await within(client.closed, () => "the connection's end")).toEqual({
      code: 3503,
      reason: "force disconnect",
    });
  }
  expect(performance.now() - asked).toBeLessThan(1_000);

  await using again = await openRaw(node);
  expect(await again.refusal("connect", { token })).toMatchObject({ code: 101 });
  expect((await bystander.request("ping", {})).error).toBeUndefined();
});

test("a request whose body is on its way when its sign-in ends is refused", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node);
  await using other = await connectRaw(node);
  const token = client.connected?.data.token ?? "";
  const { id: room } = await client.rpc<{ id: string }>("room.create", { name: "Hall", kind: "public" });
  await other.rpc("room.join", { room });
  const began = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const raw = new ReadableStream({
    async start(body) {
      body.enqueue(new TextEncoder().encode(`{"room":"${room}","id":"${Bun.randomUUIDv7()}",`));
      began.resolve();
      await ended.promise;
      body.enqueue(new TextEncoder().encode('"data":{"text":"too late"}}'));
      body.close();
    },
  });
  const answer = post(node, "message.send", { token, raw });
  await began.promise;
  // The head of the request has come before this one is asked.
  expect((await post(node, "room.get", { token, body: { room } })).status).toBe(200);
  await client.request("rpc", { method: "session.end", data: {} });
  await within(client.closed, () => "the end of the sign-in");
  ended.resolve();
  expect((await answer).status).toBe(401);
  const { events } = await other.rpc<{ events: { data?: unknown }[] }>("message.list", { room, after: 0 });
  expect(JSON.stringify(events)).not.toContain("too late");
});
