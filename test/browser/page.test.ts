/** The page in Chromium, served by the executable. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { ChatClient } from "../../src/sdk/chat-client.ts";
import { startNode } from "../harness.ts";
import { enter, reads, startChromium, texts, visit, write } from "./browsers.ts";

const options = { args: ["--open"], binary: true } as const;
const room = "lobby";

let chromium: Browser;
beforeAll(async () => {
  chromium = await startChromium();
});
afterAll(async () => {
  await chromium.close();
});

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

async function untilTexts(page: Page, count: number): Promise<void> {
  await page
    .locator("#log .text")
    .nth(count - 1)
    .waitFor();
  await page.locator("#outgoing li").first().waitFor({ state: "detached" });
}

test("two people talk across a kill -9: nothing lost, nothing doubled, one order", async () => {
  await using node = await startNode(options);
  const [ada, bob] = [await visit(chromium), await visit(chromium)];
  await enter(ada.page, { url: node.url, room, name: "Ada" });
  await enter(bob.page, { url: node.url, room, name: "Bob" });
  const talk = async (from: number, to: number): Promise<void> => {
    for (const n of range(from, to)) await Promise.all([write(ada.page, `Ada ${n}`), write(bob.page, `Bob ${n}`)]);
  };
  await talk(1, 5);
  const down = performance.now();
  await Promise.all([talk(6, 10), node.kill()]);
  await write(ada.page, "Ada writes while the server is down");
  const waiting = ada.page.locator("#outgoing .text", { hasText: "while the server is down" });
  await waiting.waitFor();
  expect(await waiting.count()).toBe(1);
  await node.restart();
  await Promise.all([ada, bob].map(({ page }) => untilTexts(page, 21)));
  console.log(`figure: two browsers complete ${Math.round(performance.now() - down)} ms after the kill`);
  await talk(11, 15);
  await Promise.all([ada, bob].map(({ page }) => untilTexts(page, 31)));

  const [adas, bobs] = [await texts(ada.page), await texts(bob.page)];
  expect(adas).toEqual(bobs);
  expect(adas.toSorted()).toEqual(
    [...range(1, 15).flatMap((n) => [`Ada ${n}`, `Bob ${n}`]), "Ada writes while the server is down"].toSorted(),
  );
  expect(adas.filter((text) => text.startsWith("Bob"))).toEqual(range(1, 15).map((n) => `Bob ${n}`));
  expect([...ada.complaints, ...bob.complaints]).toEqual([]);
  await Promise.all([ada.context.close(), bob.context.close()]);
});

test("a reload keeps who one is and what was said, and sends what was not sent", async () => {
  await using node = await startNode(options);
  const ada = await visit(chromium);
  await enter(ada.page, { url: node.url, room, name: "Ada" });
  for (const n of range(1, 3)) await write(ada.page, `before ${n}`);
  await untilTexts(ada.page, 3);
  await node.kill();
  await write(ada.page, "not sent yet");
  await ada.page.locator("#outgoing .text").waitFor();
  // The page cannot come from a server that is down: it is left, and opened again when the server is back.
  await ada.page.goto("about:blank");
  await node.restart();
  await ada.page.goto(`${node.url}/#room=${room}`);
  await untilTexts(ada.page, 4);
  expect(await texts(ada.page)).toEqual(["before 1", "before 2", "before 3", "not sent yet"]);
  const writers = ada.page.locator("#log .message:not(.continued) .name");
  expect(await writers.allInnerTexts()).toEqual(["Ada"]);
  await ada.page.reload();
  await untilTexts(ada.page, 4);
  await ada.page.locator("#present .person").waitFor();
  expect(ada.complaints).toEqual([]);
  await ada.context.close();
});

test("two tabs are one person, and what a closed tab has not sent is sent by the other", async () => {
  await using node = await startNode(options);
  const { context, page: first, complaints } = await visit(chromium);
  await enter(first, { url: node.url, room, name: "Ada" });
  await write(first, "from the first tab");
  await untilTexts(first, 1);
  const second = await context.newPage();
  await second.goto(`${node.url}/#room=${room}`);
  await write(second, "from the second tab");
  await Promise.all([first, second].map((page) => untilTexts(page, 2)));
  // Who is here is asked for apart from the messages.
  await first.locator("#present .person").first().waitFor();
  expect(await first.locator("#present .person").allInnerTexts()).toHaveLength(1);
  await node.kill();
  await write(second, "from a tab that is closed");
  await second.locator("#outgoing .text").waitFor();
  await second.close();
  await node.restart();
  await untilTexts(first, 3);
  expect(await texts(first)).toEqual(["from the first tab", "from the second tab", "from a tab that is closed"]);
  expect(await first.locator("#log .message:not(.continued)").count()).toBe(1);
  expect(complaints).toEqual([]);
  await context.close();
});

test("what people write is shown as text, and the policy of the page is never broken", async () => {
  await using node = await startNode(options);
  const [ada, bob] = [await visit(chromium), await visit(chromium)];
  const nasty = [
    `<img src=x onerror="document.title='owned'">`,
    "<script>document.title = 'owned'</script>",
    'javascript:alert(1) https://example.org/?a=<b>"',
    `"><svg/onload=alert(1)>`,
  ];
  await enter(ada.page, { url: node.url, room, name: "<b>Ada</b>" });
  await enter(bob.page, { url: node.url, room, name: "Bob" });
  for (const text of nasty) await write(ada.page, text);
  await untilTexts(bob.page, nasty.length);
  expect(await texts(bob.page)).toEqual(nasty);
  await reads(bob.page.locator("#log .name").first(), "<b>Ada</b>");
  expect(await bob.page.locator("#log :is(img, script, b, .text > :not(a))").count()).toBe(0);
  expect(await bob.page.locator("#log a").count()).toBe(1);
  expect(await bob.page.locator("#log a").getAttribute("href")).toBe("https://example.org/?a=");
  expect(await bob.page.title()).toBe(`#${room} · Confab`);
  expect([...ada.complaints, ...bob.complaints]).toEqual([]);
  await Promise.all([ada.context.close(), bob.context.close()]);
});

test("a message that the server refuses says why, can be tried again and taken away", async () => {
  await using node = await startNode(options);
  const { context, page, complaints } = await visit(chromium);
  await enter(page, { url: node.url, room, name: "Ada" });
  await write(page, "é".repeat(9_000));
  await write(page, "shorter");
  await page.locator("#log .text").waitFor();
  const refused = page.locator("#outgoing .refused");
  expect(await refused.locator(".note").innerText()).toContain("Not sent: bad request");
  await refused.getByRole("button", { name: "Try again" }).click();
  await refused.waitFor();
  await refused.getByRole("button", { name: "Remove" }).click();
  await untilTexts(page, 1);
  expect(await texts(page)).toEqual(["shorter"]);
  expect(complaints).toEqual([]);
  await context.close();
});

test("people come and go, older messages come as one scrolls up, and rooms are left and entered", async () => {
  await using node = await startNode({ ...options, args: ["--open", "--messages-burst", "10000"] });
  const ada = await visit(chromium);
  await enter(ada.page, { url: node.url, room, name: "Ada" });
  for (const n of range(1, 130)) await write(ada.page, `line ${n}`);
  await untilTexts(ada.page, 130);

  const bob = await visit(chromium);
  await enter(bob.page, { url: node.url, room, name: "Bob" });
  await ada.page.locator("#present .person", { hasText: "Bob" }).waitFor();
  await untilTexts(bob.page, 50);
  const log = bob.page.locator("#log .text");
  while ((await log.count()) < 130) await bob.page.evaluate("document.getElementById('scroll').scrollTo(0, 0)");
  expect(await texts(bob.page)).toEqual(range(1, 130).map((n) => `line ${n}`));
  await reads(bob.page.locator("#beginning"), `This is where #${room} begins.`);

  await bob.page.getByLabel("Enter a room", { exact: true }).fill("Book Club");
  await bob.page.keyboard.press("Enter");
  await bob.page.getByText("Nobody has written in #book-club yet.").waitFor();
  expect(new URL(bob.page.url()).hash).toBe("#room=book-club");
  await ada.page.locator("#present .person", { hasText: "Bob" }).waitFor({ state: "detached" });
  await write(bob.page, "Anybody here?");
  await untilTexts(bob.page, 1);
  await bob.page.getByRole("link", { name: room }).click();
  await untilTexts(bob.page, 50);
  expect((await texts(bob.page)).at(-1)).toBe("line 130");
  expect([...ada.complaints, ...bob.complaints]).toEqual([]);
  await Promise.all([ada.context.close(), bob.context.close()]);
});

test("what has left a busy room's page comes back as one scrolls up, without a hole", async () => {
  await using node = await startNode({ ...options, args: ["--open", "--messages-burst", "10000"] });
  const ada = await visit(chromium);
  await enter(ada.page, { url: node.url, room, name: "Ada" });
  await write(ada.page, "line 1");
  await untilTexts(ada.page, 1);
  const bob = new ChatClient({ url: node.url, name: "Bob" });
  bob.connect();
  await Promise.all(range(2, 700).map((n) => bob.room(`open:${room}`).send({ text: `line ${n}` })));
  await bob.close();
  const log = ada.page.locator("#log .text");
  await reads(log.last(), "line 700");
  expect(await ada.page.locator("#newer").isVisible()).toBe(false);
  expect(await log.count()).toBeLessThan(700);
  while ((await log.count()) < 700) await ada.page.evaluate("document.getElementById('scroll').scrollTo(0, 0)");
  expect(await texts(ada.page)).toEqual(range(1, 700).map((n) => `line ${n}`));
  expect(ada.complaints).toEqual([]);
  await ada.context.close();
});
