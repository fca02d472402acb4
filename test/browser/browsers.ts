/** Chromium for the page's tests: the system's, without a window. */

import { expect } from "bun:test";
import type { ChatNode } from "../harness.ts";
import { Browser as Account, password } from "../accounts.ts";
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Locator,
  type Page,
} from "playwright-core";

const args = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function startChromium(): Promise<Browser> {
  const executablePath = Bun.which("chromium");
  if (executablePath === null) throw new Error("Expected Chromium (the Debian package chromium); it is not installed.");
  return await chromium.launch({ executablePath, args });
}

/** A browser of one person, with what its pages complain about. */
export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors in the console, without those of connections that break as the test wants it; and uncaught exceptions. */
  readonly complaints: string[];
}

const wait_ms = 15_000;
const brokenConnection = /WebSocket connection to|ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/;

export async function visit(browser: Browser, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  const complaints: string[] = [];
  const page = await context.newPage();
  // Sooner than the test's own end, so that a failure says what was waited for.
  page.setDefaultTimeout(wait_ms);
  page.on("console", (message) => {
    if (message.type() === "error" && !brokenConnection.test(message.text())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  return { context, page, complaints };
}

/** Opens a room of the page under a name, and waits until it is connected. */
export async function enter(page: Page, options: { url: string; room: string; name: string }): Promise<void> {
  await page.goto(`${options.url}/#room=${options.room}`);
  await page.getByLabel("Your name").fill(options.name);
  await page.getByRole("button", { name: "Continue" }).click();
  await connected(page);
}

export async function connected(page: Page): Promise<void> {
  await page.locator("#state[data-status=connected]").waitFor();
}

/** A browser in which somebody with an account is signed in, on the page. Who has none yet gets one. */
export async function visitAs(
  browser: Browser,
  node: ChatNode,
  asked: { readonly username: string; readonly name?: string; readonly options?: BrowserContextOptions },
): Promise<Visitor & { readonly account: Account }> {
  const { name, options = {}, username } = asked;
  const account = new Account(node);
  if ((await account.signIn(username, password)).status !== 200) {
    const made = await account.signUp(username, name === undefined ? {} : { name });
    if (made.status !== 200) throw new Error(`Expected an account for ${username}: ${JSON.stringify(made.json)}`);
  }
  const visitor = await visit(browser, options);
  const cookies = [...account.cookies].map(([cookie, value]) => ({ name: cookie, value, url: node.url }));
  await visitor.context.addCookies(cookies);
  await visitor.page.addInitScript(
    `localStorage.getItem("confab/who") ?? localStorage.setItem("confab/who", "account")`,
  );
  await visitor.page.goto(node.url);
  await connected(visitor.page);
  return { ...visitor, account };
}

export async function write(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.keyboard.press("Enter");
}

/** Waits until an element says exactly this: parts of the page that come from different answers fill at different times. */
export async function reads(element: Locator, text: string): Promise<void> {
  const until_ms = performance.now() + wait_ms;
  while ((await element.innerText()) !== text && performance.now() < until_ms) await Bun.sleep(20);
  expect(await element.innerText()).toBe(text);
}

/** The words of the log, in order. */
export async function texts(page: Page): Promise<string[]> {
  return await page.locator("#log .text").allInnerTexts();
}
