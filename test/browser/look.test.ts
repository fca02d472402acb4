/**
 * How the page looks: light and dark, on a desk and on a phone. What can be measured is: nothing is wider than the screen,
 * nothing lies outside of it. With CONFAB_PICTURES=1 the README's picture is made anew, and with CONFAB_PICTURES=<folder> all of
 * them are kept there for somebody's eyes.
 */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { password } from "../accounts.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { temporaryFolder } from "../temporary.ts";
import { connected, startChromium, visit, visitAs } from "./browsers.ts";
import { conversation_messages, startConversation, type Conversation } from "./conversation.ts";

const images = join(import.meta.dir, "../../docs/images");
const wanted = process.env["CONFAB_PICTURES"] ?? "";
const temporary = temporaryFolder();
const folder = wanted === "" || wanted === "1" ? temporary.path : wanted;

let chromium: Browser;
let node: ChatNode;
let talk: Conversation;
beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  chromium = await startChromium();
  node = await startNode({ args: ["--sign-up", "open"] });
  talk = await startConversation(node);
}, 60_000);
afterAll(async () => {
  await talk[Symbol.asyncDispose]();
  await node[Symbol.asyncDispose]();
  await chromium.close();
  temporary[Symbol.dispose]();
});

const desk = { viewport: { width: 1280, height: 800 } } as const;
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true } as const;
const looks: readonly (readonly [string, BrowserContextOptions])[] = [
  ["desk-light", desk],
  ["desk-dark", { ...desk, colorScheme: "dark" }],
  ["phone-light", phone],
  ["phone-dark", { ...phone, colorScheme: "dark" }],
];

/** Elements that reach over the screen's sides, or that one could not press. */
const outside = `[...document.querySelectorAll("button, input, a, h1, h2, p, li")].filter((element) => {
  const { left, right, width, height } = element.getBoundingClientRect();
  if (width === 0 || height <= 1 || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return false;
  return left < -1 || right > innerWidth + 1;
}).map((element) => element.outerHTML.slice(0, 120))`;

/** Resolves once what slides has slid; what breathes, breathes on. */
const atRest = `Promise.allSettled(document.getAnimations()
  .filter((one) => one.effect.getComputedTiming().iterations < 10).map((one) => one.finished)).then(() => true)`;

async function picture(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  // What slides in has come to rest.
  await page.evaluate(atRest);
  expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  expect(await page.evaluate(outside)).toEqual([]);
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path });
  expect(Bun.file(path).size).toBeLessThan(250_000);
}

for (const [look, how] of looks) {
  const isPhone = look.startsWith("phone");

  test(`the way in, ${look}`, async () => {
    const { complaints, context, page } = await visit(chromium, how);
    await page.goto(node.url);
    await page.getByLabel("Password", { exact: true }).waitFor();
    await picture(page, `sign-in-${look}`);
    await page.getByLabel("User name or e-mail").fill("sam");
    await page.getByLabel("Password", { exact: true }).fill("not it");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.locator(".problem:not(:empty)").waitFor();
    await picture(page, `wrong-password-${look}`);
    await page.getByRole("button", { name: "Create an account" }).click();
    await picture(page, `sign-up-${look}`);
    expect(complaints.filter((text) => !text.includes("status of 401"))).toEqual([]);
    await context.close();
  });

  test(`a conversation, ${look}`, async () => {
    const { complaints, context, page } = await visitAs(chromium, node, { username: "sam", options: how });
    await page.goto(`${node.url}/#channel=${talk.room}`);
    await connected(page);
    await page
      .locator("#log .text")
      .nth(conversation_messages - 1)
      .waitFor({ state: "visible" });
    await page.locator("#people-count", { hasText: "6" }).waitFor({ state: "attached" });
    await page.locator(".presence[data-status=busy]").first().waitFor({ state: "attached" });
    await page.evaluate("document.activeElement.blur()");
    await picture(page, `room-${look}`);
    if (wanted === "1" && look === "desk-light") await page.screenshot({ path: join(images, "page.png") });
    if (isPhone) {
      await page.locator("#show-side").click();
      await picture(page, `side-${look}`);
      await page.keyboard.press("Escape");
      await page.locator("#show-people").click();
      await picture(page, `people-${look}`);
      await page.keyboard.press("Escape");
    }
    await page.getByRole("button", { name: "About this room" }).click();
    await picture(page, `menu-${look}`);
    await page.getByRole("menuitem", { name: "Leave the room…" }).click();
    await picture(page, `question-${look}`);
    await page.keyboard.press("Escape");
    expect(complaints).toEqual([]);
    await context.close();
  });

  test(`sheets, ${look}`, async () => {
    const { complaints, context, page } = await visitAs(chromium, node, { username: "sam", options: how });
    const side = async (name: string): Promise<void> => {
      if (isPhone) await page.locator("#show-side").click();
      await page.locator(name).click();
    };
    await side("#new");
    await page.getByLabel("Name or user name").fill("a");
    await page.getByRole("button", { name: "Write: Ada Lindqvist" }).waitFor();
    await picture(page, `find-person-${look}`);
    await page.getByRole("button", { name: "Find rooms" }).click();
    await page.getByRole("button", { name: "Join: Running on Sundays" }).waitFor();
    await picture(page, `find-room-${look}`);
    await page.getByRole("button", { name: "New room" }).click();
    await picture(page, `create-room-${look}`);
    await page.getByRole("button", { name: "Close", exact: true }).last().click();
    if (isPhone) await page.keyboard.press("Escape");
    await side("#me");
    await page.getByRole("heading", { name: "You" }).waitFor();
    await picture(page, `account-${look}`);
    await page.getByRole("button", { name: "Where you are signed in" }).click();
    await page.locator(".found .you").waitFor();
    await picture(page, `sign-ins-${look}`);
    await page.getByRole("button", { name: "Back" }).click();
    await page.getByRole("button", { name: "Second factor: off" }).click();
    await page.getByLabel("Your password").fill(password);
    await page.getByRole("button", { name: "Switch it on" }).click();
    await page.locator(".qr svg").waitFor();
    await picture(page, `second-factor-${look}`);
    expect(complaints).toEqual([]);
    await context.close();
  });
}

test("the page is small", async () => {
  const html = await (await fetch(node.url)).text();
  const parts = [...html.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css|svg))"/g)].map(([, path = ""]) => path);
  const bodies = await Promise.all(parts.map(async (path) => await (await fetch(node.url + path)).text()));
  const all = [html, ...bodies].map((text) => Buffer.from(text));
  const bytes = all.reduce((sum, body) => sum + body.length, 0);
  const zipped = all.reduce((sum, body) => sum + Bun.gzipSync(body).length, 0);
  console.log(
    `figure: the page is ${Math.round(bytes / 1024)} KiB in ${parts.length + 1} files, ${Math.round(zipped / 1024)} KiB zipped`,
  );
  expect(zipped).toBeLessThan(80 * 1024);
});
