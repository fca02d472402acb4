/**
 * The executable alone: copied into an empty folder, with an empty environment, it is the whole product. What it needs
 * beside itself would be missing here.
 */

import { expect, test } from "bun:test";
import { copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { connectRaw } from "../client.ts";
import { temporaryFolder } from "../temporary.ts";

const built = join(import.meta.dir, "../../dist/confab");
const messages = 50;
const start_ms_max = 10_000;

interface Running extends AsyncDisposable {
  readonly url: string;
  readonly ws: string;
  kill(): Promise<void>;
}

/** Starts `./confab serve` in a folder and waits until it says that it is ready. */
async function serve(folder: string, port: string): Promise<Running> {
  const child = Bun.spawn([join(folder, "confab"), "serve", "--open", "--port", port], {
    cwd: folder,
    env: {},
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const late = setTimeout(() => child.kill("SIGKILL"), start_ms_max);
  const decoder = new TextDecoder();
  let said = "";
  let url: string | undefined;
  const reader = child.stdout.getReader();
  while (url === undefined) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Expected the executable to become ready; it said ${said}`);
    said += decoder.decode(value, { stream: true });
    url = /"event":"ready","url":"([^"]+)"/.exec(said)?.[1];
  }
  clearTimeout(late);
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return { url, ws: `${url.replace("http", "ws")}/connection/websocket`, kill, [Symbol.asyncDispose]: kill };
}

test("alone in an empty folder it serves, stores, survives a kill -9 and reads everything back", async () => {
  using folder = temporaryFolder();
  copyFileSync(built, join(folder.path, "confab"));
  const channel = "open:smoke";

  await using first = await serve(folder.path, "0");
  const page = await fetch(first.url);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("<title>");
  const writer = await connectRaw(first, { data: { name: "Ann" } });
  await writer.request("subscribe", { channel });
  const acks: { seq: number; id: string }[] = [];
  for (let n = 1; n <= messages; n++) {
    const id = Bun.randomUUIDv7();
    const reply = await writer.request("rpc", {
      method: "message.send",
      data: { room: channel, id, data: { text: `${n}` } },
    });
    acks.push((reply.rpc as { data: { seq: number; id: string } }).data);
  }
  expect(acks.map(({ seq }) => seq)).toEqual(Array.from({ length: messages }, (_, at) => at + 1));
  await first.kill();

  await using second = await serve(folder.path, new URL(first.url).port);
  const reader = await connectRaw(second, { data: { name: "Bea" } });
  await reader.request("subscribe", { channel });
  const listed = await reader.request("rpc", { method: "message.list", data: { room: channel, limit: 1_000 } });
  const { events } = (listed.rpc as { data: { events: { offset: number; tags: { id: string }; data: unknown }[] } })
    .data;
  expect(events.map(({ offset, tags }) => ({ seq: offset, id: tags.id }))).toEqual(
    acks.map(({ seq, id }) => ({ seq, id })),
  );
  expect(events.map(({ data }) => data)).toEqual(acks.map((_, at) => ({ text: `${at + 1}` })));

  // Nothing was written but the executable and its data folder.
  expect(readdirSync(folder.path).toSorted()).toEqual(["confab", "confab-data"]);
  await Promise.all([writer[Symbol.asyncDispose](), reader[Symbol.asyncDispose]()]);
});

test("alone in an empty folder it tells its version and its settings, and what is wrong with a flag", async () => {
  using folder = temporaryFolder();
  copyFileSync(built, join(folder.path, "confab"));
  const run = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    const child = Bun.spawn([join(folder.path, "confab"), ...args], {
      cwd: folder.path,
      env: {},
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    return { code: await child.exited, out, err };
  };
  const version = await run("version");
  expect(version.code).toBe(0);
  expect(version.out).toMatch(/^confab \d+\.\d+\.\d+\+[0-9a-f]+/);
  const config = await run("config");
  expect(config.code).toBe(0);
  expect(config.out).toContain("ring_bytes_max");
  const mistyped = await run("serve", "--prot", "8000");
  expect(mistyped.code).toBe(2);
  expect(mistyped.err).toContain("--port");
  expect(mistyped.err).not.toContain("    at ");
});

test("alone without a folder for temporary files it says what it needs", async () => {
  using folder = temporaryFolder();
  copyFileSync(built, join(folder.path, "confab"));
  const env = { TMPDIR: join(folder.path, "none") };
  const child = Bun.spawn([join(folder.path, "confab"), "serve"], { cwd: folder.path, env, stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  expect(await child.exited).toBe(1);
  expect(said).toMatch(
    /^confab: Expected a folder for temporary files .*; got .*none .* Set TMPDIR to another one\.\n$/,
  );
});
