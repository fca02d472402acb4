/** The page that every tutorial has, opened from a disk: one line of WebSocket, an input, and `innerHTML`. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { startNode } from "../harness.ts";
import { connectPlain } from "../plain-client.ts";
import { temporaryFolder } from "../temporary.ts";
import { startChromium } from "./browsers.ts";

function tutorialPage(port: string, query: string): string {
  return `<!doctype html>
<meta charset="utf-8">
<div id="log"></div>
<input id="line"><button id="send">Send</button>
<script>
  const socket = new WebSocket("ws://localhost:${port}${query}");
  socket.onopen = () => { document.title = "open"; };
  socket.onmessage = (event) => { document.getElementById("log").innerHTML += event.data + "<br>"; };
  document.getElementById("send").onclick = () => {
    const line = document.getElementById("line");
    socket.send(line.value);
    line.value = "";
  };
</script>
`;
}

let browser: Browser;

beforeAll(async () => {
  browser = await startChromium();
});

afterAll(() => browser.close());

async function open(path: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`file://${path}`);
  await page.waitForFunction("document.title === 'open'");
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await page.locator("#line").fill(text);
  await page.locator("#send").click();
}

async function shows(page: Page, text: string): Promise<void> {
  await page.waitForFunction(`document.getElementById("log").innerText.split("\\n").includes(${JSON.stringify(text)})`);
}

test("two tutorial pages and a program talk to each other, and markup stays text", async () => {
  await using node = await startNode({ args: ["--open"], binary: true });
  const { port } = new URL(node.url);
  using folder = temporaryFolder();
  const path = join(folder.path, "chat.html");
  writeFileSync(path, tutorialPage(port, "/"));
  await using program = await connectPlain(node.url);
  const [ann, ben] = [await open(path), await open(path)];

  await say(ann, "hello from Ann");
  await shows(ben, "hello from Ann");
  await shows(ann, "hello from Ann");
  program.say("hello world");
  await shows(ann, "hello world");
  await say(ben, `<img src=x onerror="document.title='broken in'">`);
  await shows(ann, `<img src=x onerror="document.title='broken in'">`);
  expect(await ann.locator("#log img").count()).toBe(0);
  expect(await ann.title()).toBe("open");
  expect(await program.hear(3)).toEqual([
    "hello from Ann",
    "hello world",
    `&lt;img src=x onerror="document.title='broken in'"&gt;`,
  ]);
  await Promise.all([ann.close(), ben.close()]);
});

test("with echo=0 a tutorial page does not hear itself", async () => {
  await using node = await startNode({ args: ["--open"], binary: true });
  const { port } = new URL(node.url);
  using folder = temporaryFolder();
  const path = join(folder.path, "chat.html");
  writeFileSync(path, tutorialPage(port, "/?echo=0"));
  const [ann, ben] = [await open(path), await open(path)];
  await say(ann, "who is there?");
  await shows(ben, "who is there?");
  await say(ben, "me");
  await shows(ann, "me");
  expect(await ann.locator("#log").innerText()).toBe("me\n");
  await Promise.all([ann.close(), ben.close()]);
});
