/** How much somebody may ask for: what they send, what they read, and how often they do what is dear. */

import { expect, test } from "bun:test";
import { startNode } from "../harness.ts";
import { openRaw } from "../client.ts";
import { post } from "../http-client.ts";
import { again, arrive, codeOf, roomOf, told, toldToWrite } from "../room-people.ts";

test("who comes back again and again is stopped, and writes as before", async () => {
  await using node = await startNode({ args: ["--open", "--reads-per-second", "1", "--reads-burst", "100"] });
  await using writer = await arrive(node);
  const token = writer.connected?.data.token ?? "";
  const room = await roomOf(writer);
  let connects = 0;
  let code = "ok";
  while (code === "ok") {
    await using back = await openRaw(node);
    code = codeOf((await back.request("connect", { token, data: { rooms: true } })).error);
    if (code === "ok") connects++;
    expect(connects).toBeLessThan(200);
  }
  expect(code).toBe("too_many_requests");
  expect(connects).toBeGreaterThan(50);
  expect(await told(writer, "message.list", { room })).toBe("too_many_requests");
  expect(codeOf((await writer.request("subscribe", { channel: room })).error)).toBe("too_many_requests");
  for (let n = 0; n < 100; n++) expect(await toldToWrite(writer, room)).toBe("ok");
  await using other = await arrive(node);
  expect(await told(other, "room.get", { room })).toBe("ok");
});

test("who sends too fast is stopped, and reads as before", async () => {
  const args = ["--open", "--messages-per-second", "1", "--messages-burst", "30"];
  await using node = await startNode({ args });
  await using writer = await arrive(node);
  const room = await roomOf(writer);
  const answers = await Promise.all(Array.from({ length: 40 }, () => toldToWrite(writer, room)));
  expect(new Set(answers)).toEqual(new Set(["ok", "too_many_requests"]));
  await using back = await again(node, writer);
  for (let n = 0; n < 20; n++) expect(await told(back, "message.list", { room })).toBe("ok");
});

test("a storm of connects of one address is stopped; this machine's own addresses are not", async () => {
  const args = ["--open", "--trusted-proxies", "127.0.0.1", "--guests-per-address-max", "0"];
  const reads = ["--reads-burst", "100", "--reads-per-second", "100", "--reads-per-second-per-address", "25"];
  await using node = await startNode({ args: [...args, ...reads] });
  const connect = async (headers: Record<string, string>): Promise<string> => {
    await using client = await openRaw(node, { headers });
    return codeOf((await client.request("connect", {})).error);
  };
  const storm = (headers: Record<string, string>): Promise<string[]> =>
    Promise.all(Array.from({ length: 80 }, () => connect(headers)));
  const from = { "x-forwarded-for": "192.0.2.1" };
  const answers = await storm(from);
  expect(answers.filter((answer) => answer === "too_many_requests").length).toBeGreaterThan(20);
  expect(answers.filter((answer) => answer === "ok").length).toBeGreaterThanOrEqual(25);
  expect(await connect({ "x-forwarded-for": "192.0.2.2" })).toBe("ok");
  expect(new Set(await storm({}))).toEqual(new Set(["ok"]));
});

test("a connection may be held below its user", async () => {
  const args = ["--open", "--messages-per-second", "100", "--messages-per-second-per-connection", "10"];
  await using node = await startNode({ args });
  await using one = await arrive(node);
  await using other = await again(node, one);
  const room = await roomOf(one);
  const flood = async (client: typeof one): Promise<number> => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => toldToWrite(client, room)));
    return answers.filter((answer) => answer === "ok").length;
  };
  const taken = await flood(one);
  expect(taken).toBeLessThan(60);
  expect(await flood(other)).toBeGreaterThan(10);
});

test("dear operations have a number an hour, at every door together, which a setting changes", async () => {
  const args = ["--open", "--operation-limits", "room.create=3", "--operation-limits", "message.report=0"];
  await using node = await startNode({ args });
  await using maker = await arrive(node);
  const token = maker.connected?.data.token ?? "";
  for (let n = 0; n < 3; n++) expect(await told(maker, "room.create", { name: "Hall" })).toBe("ok");
  const refused = await maker.refusal("rpc", { method: "room.create", data: { name: "Hall" } });
  expect(refused).toMatchObject({ code: 111, temporary: true });
  expect(refused.message).toContain("room.create: at most 3 an hour");
  const answer = await post(node, "room.create", { token, body: { name: "Hall" } });
  expect(answer.status).toBe(429);
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(1_000);
  await using other = await arrive(node);
  const room = await roomOf(other);
  const sent = { room, id: Bun.randomUUIDv7(), data: { text: "x" } };
  const { seq } = await other.rpc<{ seq: number }>("message.send", sent);
  await maker.rpc("room.join", { room });
  for (let n = 0; n < 5; n++) expect(await told(maker, "message.report", { room, seq })).toBe("ok");
});
