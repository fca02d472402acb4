/** Which pages may open a socket. Programs send no Origin. */

import { expect, test } from "bun:test";
import { startNode } from "../harness.ts";
import { refusedStatus } from "../plain-client.ts";

test("only pages of this host and of listed origins open a socket", async () => {
  await using node = await startNode({ args: ["--open", "--allowed-origins", "https://app.example"] });
  const { host } = new URL(node.url);
  const status = (headers: Record<string, string>): Promise<number> =>
    refusedStatus(`${node.url}/connection/websocket`, headers);
  expect(await status({})).toBe(101);
  for (const origin of [`http://${host}`, "https://app.example"]) expect(await status({ origin })).toBe(101);
  for (const origin of [
    "null",
    "",
    "https://evil.example",
    `http://${host}.evil.example`,
    `http://evil-${host}`,
    `http://${host}@evil.example`,
    "https://app.example.evil.example",
    "https://app.example:444",
    "http://app.example",
    "HTTPS://APP.EXAMPLE",
  ]) {
    expect(await status({ origin })).toBe(403);
  }
});

test("behind a public URL the Host that a client names does not count", async () => {
  await using node = await startNode({ args: ["--open", "--public-url", "https://chat.example"] });
  const status = (origin: string, host: string): Promise<number> =>
    refusedStatus(`${node.url}/connection/websocket`, { origin, host });
  expect(await status("https://chat.example", "127.0.0.1")).toBe(101);
  expect(await status("https://evil.example", "evil.example")).toBe(403);
});
