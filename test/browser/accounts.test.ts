/** Coming in by the page: the owner's link, sign-in and sign-out, invitations, second factor. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { Browser as Account, ownerToken, password, totp } from "../accounts.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { startOidc } from "../oidc.ts";
import { connected, reads, startChromium, visit, visitAs } from "./browsers.ts";

let chromium: Browser;
beforeAll(async () => {
  chromium = await startChromium();
});
afterAll(async () => {
  await chromium.close();
});

const problem = (page: Page) => page.locator(".problem:not(:empty)");
/** What a refusal of the door leaves in the console of any page. */
const refused = /status of 4\d\d/;

async function fillSignIn(page: Page, who: string, given = password): Promise<void> {
  await page.getByLabel("User name or e-mail").fill(who);
  await page.getByLabel("Password", { exact: true }).fill(given);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

async function signUp(page: Page, asked: { username: string; name: string }): Promise<void> {
  await page.getByLabel("Your name", { exact: true }).fill(asked.name);
  await page.getByLabel("User name", { exact: true }).fill(asked.username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Create account" }).click();
}

async function openAccount(page: Page): Promise<void> {
  await page.locator("#me").click();
  await page.getByRole("heading", { name: "You" }).waitFor();
}

test("the owner's link makes the owner's account, once, and does not stay in the address", async () => {
  await using node = await startNode();
  const link = `${node.url}/#owner=${await ownerToken(node)}`;
  const { complaints, context, page } = await visit(chromium);
  await page.goto(link);
  await page.getByRole("heading", { name: "Make this server yours" }).waitFor();
  expect(page.url()).toBe(`${node.url}/`);
  await signUp(page, { username: "ada", name: "Ada" });
  await connected(page);
  await page.getByText("Hello, Ada").waitFor();
  await reads(page.locator("#me-who"), "@ada");
  await openAccount(page);
  await page.getByRole("button", { name: "Invite people to this server" }).waitFor();
  expect(complaints).toEqual([]);

  const other = await visit(chromium);
  await other.page.goto(link);
  await signUp(other.page, { username: "eve", name: "Eve" });
  expect(await problem(other.page).innerText()).toBe("The link is not good: it was used up, or has ended.");
  await Promise.all([context.close(), other.context.close()]);
});

test("sign-in and sign-out, with a word about a wrong password; a reload stays signed in", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  await new Account(node).signUp("ada", { name: "Ada", email: "ada@example.com" });
  const { complaints, context, page } = await visit(chromium);
  await page.goto(node.url);
  await fillSignIn(page, "ada", "not the password");
  expect(await problem(page).innerText()).toBe("The name or the password is wrong.");
  await fillSignIn(page, "Ada");
  await page.getByText("Hello, Ada").waitFor();
  await page.reload();
  await page.getByText("Hello, Ada").waitFor();
  await openAccount(page);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect((await context.cookies()).filter(({ name }) => name.includes("session"))).toEqual([]);
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await fillSignIn(page, "ada@example.com");
  await page.getByText("Hello, Ada").waitFor();
  expect(complaints.filter((text) => !refused.test(text))).toEqual([]);
  await context.close();
});

test("the keyboard alone signs in, makes a room and writes in it", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  await new Account(node).signUp("ada", { name: "Ada" });
  const { complaints, context, page } = await visit(chromium);
  await page.goto(node.url);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  const { keyboard } = page;
  await keyboard.type("ada");
  await keyboard.press("Tab");
  await keyboard.type(password);
  await keyboard.press("Enter");
  await page.getByText("Hello, Ada").waitFor();
  const focused = (): Promise<string> =>
    page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent");
  for (let presses = 0; (await focused()) !== "Create a room"; presses++) {
    expect(presses).toBeLessThan(20);
    await keyboard.press("Tab");
  }
  await keyboard.press("Enter");
  await page.getByRole("heading", { name: "New conversation" }).waitFor();
  await keyboard.type("Soup");
  await keyboard.press("Enter");
  await page.getByText("This is where Soup begins.").waitFor();
  await keyboard.type("by keys alone");
  await keyboard.press("Enter");
  await page.locator("#log .text", { hasText: "by keys alone" }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

test("where accounts are closed the page offers none; an invitation's link leads to one", async () => {
  await using closed = await startNode();
  const first = await visit(chromium);
  await first.page.goto(closed.url);
  await first.page.getByText("An administrator makes the accounts here.").waitFor();
  expect(await first.page.getByRole("button", { name: "Create an account" }).count()).toBe(0);
  expect(await first.page.getByRole("button", { name: "Continue as a guest" }).count()).toBe(0);
  await first.context.close();

  await using node = await startNode({ args: ["--sign-up", "invite"] });
  const owner = new Account(node);
  await owner.signUp("ada", { invite: await ownerToken(node), name: "Ada" });
  const ada = await visitAs(chromium, node, { username: "ada" });
  await openAccount(ada.page);
  await ada.page.getByRole("button", { name: "Invite people to this server" }).click();
  await ada.page.getByRole("button", { name: "Create a link" }).click();
  const link = await ada.page.getByLabel("The link").inputValue();
  expect(link).toStartWith(`${node.url}/#invite=`);
  const bob = await visit(chromium);
  await bob.page.goto(link);
  await bob.page.getByText("You were invited.").waitFor();
  await signUp(bob.page, { username: "bob", name: "Bob" });
  await bob.page.getByText("Hello, Bob").waitFor();
  expect([...ada.complaints, ...bob.complaints]).toEqual([]);
  await Promise.all([ada.context.close(), bob.context.close()]);
});

test("a second factor is switched on by the page, asked for at the next sign-in, and a recovery code does as well", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const { complaints, context, page } = await visitAs(chromium, node, { username: "ada" });
  await openAccount(page);
  await page.getByRole("button", { name: "Second factor: off" }).click();
  await page.getByLabel("Your password").fill(password);
  await page.getByRole("button", { name: "Switch it on" }).click();
  const uri = (await page.getByRole("link", { name: "Open in an app" }).getAttribute("href")) ?? "";
  expect(uri).toStartWith("otpauth://totp/");
  await page.locator(".qr svg").waitFor();
  await page.getByLabel("The code that it shows").fill(totp(uri));
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("heading", { name: "Keep these codes" }).waitFor();
  const [recovery = ""] = await page.locator(".codes code").allInnerTexts();
  await page.getByRole("button", { name: "I have kept them" }).click();
  await page.getByRole("button", { name: "Second factor: on" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();

  await fillSignIn(page, "ada");
  await page.getByLabel("Code from your authenticator app").fill("000000");
  await page.getByRole("button", { name: "Continue" }).click();
  expect(await problem(page).innerText()).toContain("That code is not right.");
  await page.getByRole("button", { name: "Use a recovery code" }).click();
  await page.getByLabel("One of your recovery codes").fill(recovery);
  await page.getByRole("button", { name: "Continue" }).click();
  await connected(page);
  expect(complaints.filter((text) => !refused.test(text))).toEqual([]);
  await context.close();
});

test("a password is changed, other sign-ins are listed and ended, and their pages say so", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const laptop = await visitAs(chromium, node, { username: "ada" });
  const phone = await visitAs(chromium, node, { username: "ada" });
  await openAccount(laptop.page);
  await laptop.page.getByRole("button", { name: "Where you are signed in" }).click();
  await laptop.page.locator(".found .you", { hasText: "this one" }).waitFor();
  // The laptop, the phone, and the account's making.
  const others = laptop.page.getByRole("button", { name: /^End:/ });
  await others.first().waitFor();
  while ((await others.count()) > 0) {
    const before = await others.count();
    await others.first().click();
    await others.nth(before - 1).waitFor({ state: "detached" });
  }
  await phone.page.getByText("You were signed out. Sign in again.").waitFor();
  await laptop.page.getByRole("button", { name: "Back" }).click();
  await laptop.page.getByRole("button", { name: "Change password" }).click();
  await laptop.page.getByLabel("Password now").fill(password);
  await laptop.page.getByLabel("New password").fill("a whole new password");
  await laptop.page.locator("form").getByRole("button", { name: "Change password" }).click();
  await laptop.page.getByText("Your password is changed.").waitFor();
  await fillSignIn(phone.page, "ada");
  expect(await problem(phone.page).innerText()).toBe("The name or the password is wrong.");
  await fillSignIn(phone.page, "ada", "a whole new password");
  await connected(phone.page);
  expect(laptop.complaints).toEqual([]);
  await Promise.all([laptop.context.close(), phone.context.close()]);
});

test("an administrator's link sets a new password; used once it says that it is no good", async () => {
  await using node: ChatNode = await startNode({ args: ["--sign-up", "open"] });
  const owner = new Account(node);
  await owner.signUp("ada", { invite: await ownerToken(node) });
  const bob = new Account(node);
  await bob.signUp("bob");
  const { id } = await bob.ask<{ id: string }>("account.get");
  const { link } = await owner.ask<{ link: string }>("user.reset_password", { user: id });
  const { context, page } = await visit(chromium);
  const set = async (): Promise<void> => {
    await page.goto("about:blank");
    await page.goto(link);
    await page.getByRole("textbox", { name: "New password" }).fill("a whole new password");
    await page.getByRole("button", { name: "Set password" }).click();
  };
  await set();
  await page.getByText("Your password is set. Sign in with it.").waitFor();
  await fillSignIn(page, "bob", "a whole new password");
  await connected(page);
  await set();
  expect(await problem(page).innerText()).toBe("This link was used before, or is too old. Ask for a new one.");
  await context.close();
});

test("a guest of an open server goes on as a guest, and signs in instead", async () => {
  await using node = await startNode({ args: ["--open", "--sign-up", "open"] });
  const { complaints, context, page } = await visit(chromium);
  await page.goto(node.url);
  await page.getByLabel("Your name").fill("Gus");
  await page.getByRole("button", { name: "Continue as a guest" }).click();
  await connected(page);
  await reads(page.locator("#me-who"), "Guest");
  expect(new URL(page.url()).hash).toBe("#room=lobby");
  await openAccount(page);
  await page.getByRole("button", { name: "Leave" }).click();
  await page.getByRole("heading", { name: "Leave as this guest?" }).waitFor();
  await page.locator("form").getByRole("button", { name: "Leave" }).click();
  await page.getByRole("button", { name: "Create an account" }).click();
  await signUp(page, { username: "gus", name: "Gus" });
  await connected(page);
  await page.locator("#me-who", { hasText: "@gus" }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

test("single sign-on goes to the provider and back, and what does not work there is told here", async () => {
  let url = "";
  await using provider = await startOidc(() => `${url}/api/auth/callback/oidc`);
  const args = ["--oidc-issuer", provider.issuer, "--oidc-client-id", provider.clientId, "--oidc-name", "The house"];
  await using node = await startNode({ args, env: { CONFAB_OIDC_CLIENT_SECRET: provider.clientSecret } });
  url = node.url;
  const { context, page } = await visit(chromium);
  await page.goto(node.url);
  await page.getByRole("button", { name: "The house" }).click();
  await page.waitForURL((at) => at.origin === provider.issuer);
  await page.goto(`${node.url}/#sign-in-failed`);
  await page.getByText("The sign-in did not work.").waitFor();
  await page.getByRole("button", { name: "The house" }).click();
  await page.locator("input[name=login]").fill("ada");
  await page.locator("input[name=password]").fill("any");
  await page.locator("button[type=submit]").click();
  await page.locator("button[type=submit]").click();
  await page.getByText("Hello, ada of the house").waitFor();
  await openAccount(page);
  // There is no password to change.
  expect(await page.getByRole("button", { name: "Change password" }).count()).toBe(0);
  await context.close();
});
