/** HTTP: one way to ask, one shape to be refused in. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connectRaw } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { post, type HttpAnswer } from "../http-client.ts";
import { jwtSecret, signed } from "../tokens.ts";

let node: ChatNode;
let token: string;
let room: string;

beforeAll(async () => {
  node = await startNode({
    args: ["--open", "--allowed-origins", "https://app.example"],
    env: { CONFAB_JWT_SECRET: jwtSecret },
  });
  token = await signed({ sub: "ann", info: { name: "Ann" } });
  const made = await post(node, "room.create", { token, body: { name: "Kitchen" } });
  room = (made.json as { id: string }).id;
});

afterAll(() => node[Symbol.asyncDispose]());

function refusal(answer: HttpAnswer): { status: number; code: unknown; temporary: unknown } {
  const { error } = answer.json as { error: { code: string; temporary: boolean; message: string; request_id: string } };
  expect(Object.keys(error).sort()).toEqual(["code", "message", "request_id", "temporary"]);
  expect(error.request_id).toBe(answer.headers.get("x-request-id") ?? "");
  expect(answer.headers.get("content-type")).toBe("application/json");
  return { status: answer.status, code: error.code, temporary: error.temporary };
}

describe("an operation over HTTP", () => {
  test("does what it does over a socket, and both know what the other has done", async () => {
    await using client = await connectRaw(node, { token });
    await client.subscribe(room);
    const id = Bun.randomUUIDv7();
    const sent = await post(node, "message.send", { token, body: { room, id, data: { text: "soup?", n: 1 } } });
    expect(sent.status).toBe(200);
    const { seq } = sent.json as { seq: number };
    await client.untilSeq(room, seq);
    expect(client.log(room).at(-1)?.data).toBe(`{"text":"soup?","n":1}`);
    const listed = await post(node, "message.list", { token, body: { room } });
    expect(listed.text).toContain(`"data":{"text":"soup?","n":1}`);
    expect(listed.headers.get("cache-control")).toBe("no-store");
  });

  test("stores a message once, whichever door the retry comes by", async () => {
    await using client = await connectRaw(node, { token });
    const id = Bun.randomUUIDv7();
    const body = { room, id, data: { text: "once" } };
    const first = await post(node, "message.send", { token, body });
    expect(await client.rpc("message.send", body)).toEqual(first.json as Record<string, unknown>);
    expect((await post(node, "message.send", { token, body })).json).toEqual(first.json);
    const other = await post(node, "message.send", { token, body: { ...body, data: { text: "twice" } } });
    expect(refusal(other)).toEqual({ status: 409, code: "id_conflict", temporary: false });
  });

  test("keeps the JSON that came, byte for byte but for whitespace", async () => {
    const data = `{ "text" : "a\\u0000b\\ud83c\\udf88" , "big": 12345678901234567890.10e+400, "k":{"k":1,"k":2} }`;
    const raw = `{"room":"${room}","id":"${Bun.randomUUIDv7()}","data":${data}}`;
    expect((await post(node, "message.send", { token, raw })).status).toBe(200);
    const { text } = await post(node, "message.list", { token, body: { room } });
    expect(text).toContain(
      `"data":{"text":"a\\u0000b\\ud83c\\udf88","big":12345678901234567890.10e+400,"k":{"k":1,"k":2}}`,
    );
  });

  test("takes a guest's token too", async () => {
    await using guest = await connectRaw(node);
    const made = await post(node, "room.list", { token: guest.connected?.data.token ?? "", body: {} });
    expect(made.status).toBe(200);
  });
});

describe("a request that is refused", () => {
  test("without a token, with a bad one or an expired one: 401 and a sentence", async () => {
    const none = await post(node, "room.list", { body: {} });
    expect(refusal(none)).toEqual({ status: 401, code: "unauthorized", temporary: false });
    expect(none.headers.get("www-authenticate")).toBe("Bearer");
    const bad = await post(node, "room.list", { token: await signed({ sub: "ann" }, "x".repeat(40)), body: {} });
    expect(refusal(bad)).toEqual({ status: 401, code: "unauthorized", temporary: false });
    const old = await post(node, "room.list", { token: await signed({ sub: "ann", exp: 1_000_000 }), body: {} });
    expect(refusal(old)).toEqual({ status: 401, code: "token_expired", temporary: false });
  });

  test("for its form: unknown operation, method, content type, JSON, depth, unknown keys", async () => {
    expect(refusal(await post(node, "room.explode", { token, body: {} })).code).toBe("unknown_method");
    expect(refusal(await post(node, "constructor", { token, body: {} })).code).toBe("unknown_method");
    expect(refusal(await post(node, "room.list", { token, method: "PUT", body: {} })).status).toBe(405);
    const typed = { token, body: {}, headers: { "content-type": "text/plain" } };
    expect(refusal(await post(node, "room.list", typed))).toEqual({
      status: 400,
      code: "bad_request",
      temporary: false,
    });
    for (const raw of [
      "",
      "{",
      "[]",
      "{}}",
      "\u{feff}{}",
      `{"limit":1,"surprise":1}`,
      "[".repeat(33) + "]".repeat(33),
    ]) {
      expect(refusal(await post(node, "room.list", { token, raw })).code).toBe("bad_request");
    }
    const latin = new Uint8Array([123, 34, 97, 34, 58, 34, 0xe9, 34, 125]);
    expect(refusal(await post(node, "room.list", { token, raw: latin })).code).toBe("bad_request");
  });

  test("for its size: 64 KiB pass, one byte more is 413, with a length in the head and without", async () => {
    const frame = `{"room":"${room}","id":"${Bun.randomUUIDv7()}","data":["$"]}`;
    const exact = frame.replace("$", "x".repeat(64 * 1024 - frame.length + 1));
    expect(exact.length).toBe(64 * 1024);
    expect((await post(node, "message.send", { token, raw: exact })).status).toBe(200);
    expect(refusal(await post(node, "message.send", { token, raw: `${exact} ` })).status).toBe(413);
    const endless = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode("[".repeat(16_384)));
      },
    });
    expect(refusal(await post(node, "message.send", { token, raw: endless })).status).toBe(413);
  });

  test("for coming too fast: 429, and after retry-after it passes", async () => {
    const eager = await signed({ sub: "eager" });
    const { json } = await post(node, "room.create", { token: eager, body: { name: "x" } });
    const { id } = json as { id: string };
    const send = (): Promise<HttpAnswer> =>
      post(node, "message.send", { token: eager, body: { room: id, id: Bun.randomUUIDv7(), data: 1 } });
    const answers = await Promise.all(Array.from({ length: 250 }, send));
    const late = answers.find(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(180);
    if (late === undefined) throw new Error("Expected one of 250 requests at once to be refused.");
    expect(refusal(late)).toEqual({ status: 429, code: "too_many_requests", temporary: true });
    expect(Number(late.headers.get("retry-after"))).toBeWithin(1, 6);
    // The budget is the user's: their socket has nothing left either, but for reading.
    await using client = await connectRaw(node, { token: eager });
    expect((await client.refusal("rpc", { method: "room.create", data: { name: "x" } })).code).toBe(111);
    expect((await client.rpc<{ id: string }>("room.get", { room: id })).id).toBe(id);
  });
});

test("a request id is taken over where it is one, and made where it is none", async () => {
  const given = await post(node, "room.list", { token, body: {}, headers: { "x-request-id": "trace-1.a_b" } });
  expect(given.headers.get("x-request-id")).toBe("trace-1.a_b");
  for (const id of ["x".repeat(65), "a b", "<script>", ""]) {
    const made = await post(node, "room.list", { token, body: {}, headers: { "x-request-id": id } });
    expect(made.headers.get("x-request-id")).toMatch(/^[a-z0-9]{20}$/);
  }
});

test("pages of listed origins may read the answers, others may not; a preflight is kept for a day", async () => {
  const ask = (origin: string): Promise<HttpAnswer> =>
    post(node, "room.list", { token, body: {}, headers: { origin } });
  const listed = await ask("https://app.example");
  expect(listed.headers.get("access-control-allow-origin")).toBe("https://app.example");
  expect(listed.headers.get("access-control-allow-credentials")).toBeNull();
  for (const origin of ["https://evil.example", "null", "https://app.example.evil.example"]) {
    const other = await ask(origin);
    expect(other.headers.get("access-control-allow-origin")).toBeNull();
    expect(other.headers.get("vary")).toBe("origin");
  }
  const preflight = await post(node, "room.list", { method: "OPTIONS", headers: { origin: "https://app.example" } });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-headers")).toContain("authorization");
  expect(preflight.headers.get("access-control-max-age")).toBe("86400");
});
