/** Rooms and direct conversations by the page: making, finding, inviting, unread counts, moderation. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { startNode, type ChatNode } from "../harness.ts";
import { reads, startChromium, texts, visitAs, write, type Visitor } from "./browsers.ts";

let chromium: Browser;
let node: ChatNode;
beforeAll(async () => {
  chromium = await startChromium();
  node = await startNode({ args: ["--sign-up", "open"] });
});
afterAll(async () => {
  await chromium.close();
  await node[Symbol.asyncDispose]();
});

const conversation = (page: Page, name: string) => page.locator("#conversations li", { hasText: name });
const badge = (page: Page, name: string) => conversation(page, name).locator(".badge");
const happenings = (page: Page) => page.locator("#log .what");
const person = (page: Page, name: string) => page.locator("#present .person", { hasText: name });

async function createRoom(page: Page, asked: { name: string; topic?: string; kind?: string }): Promise<void> {
  await page.getByRole("button", { name: "New conversation" }).click();
  await page.getByRole("button", { name: "New room" }).click();
  await page.getByLabel("Name", { exact: true }).fill(asked.name);
  await page.getByLabel("Topic (optional)").fill(asked.topic ?? "");
  if (asked.kind !== undefined) await page.getByRole("radio", { name: asked.kind }).check();
  await page.getByRole("button", { name: "Create room" }).click();
  await page.locator("#room-title", { hasText: asked.name }).waitFor();
}

async function joinRoom(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "New conversation" }).click();
  await page.getByRole("button", { name: "Find rooms" }).click();
  await page.getByLabel("Name or topic").fill(name.slice(0, 4));
  await page.getByRole("button", { name: `Join: ${name}` }).click();
  await page.locator("#room-title", { hasText: name }).waitFor();
}

async function writeTo(page: Page, username: string): Promise<void> {
  await page.getByRole("button", { name: "New conversation" }).click();
  await page.getByLabel("Name or user name").fill(username);
  await page.getByRole("button", { name: /^Write: / }).click();
}

/** Chooses from the menu of somebody in the people's panel. */
async function choose(page: Page, name: string, item: string): Promise<void> {
  await person(page, name).getByRole("button").click();
  await page.getByRole("menuitem", { name: item }).click();
}

async function close(...visitors: readonly Visitor[]): Promise<void> {
  expect(visitors.flatMap(({ complaints }) => complaints)).toEqual([]);
  await Promise.all(visitors.map(({ context }) => context.close()));
}

test("a room is made, found by its topic, joined and left, and everybody sees who came and went", async () => {
  const ada = await visitAs(chromium, node, { username: "ada", name: "Ada" });
  const bob = await visitAs(chromium, node, { username: "bob", name: "Bob" });
  await createRoom(ada.page, { name: "Gardeners", topic: "Beans, and when to sow them" });
  await reads(ada.page.locator("#room-topic"), "Beans, and when to sow them");
  await bob.page.getByRole("button", { name: "New conversation" }).click();
  await bob.page.getByRole("button", { name: "Find rooms" }).click();
  await bob.page.getByLabel("Name or topic").fill("when to sow");
  await bob.page.getByRole("button", { name: "Join: Gardeners" }).click();
  await happenings(ada.page).filter({ hasText: "Bob joined" }).waitFor();
  await person(ada.page, "Bob").waitFor();
  await reads(ada.page.locator("#people-title"), "Members · 2");
  await write(bob.page, "Tomorrow, I think");
  await ada.page.locator("#log .text", { hasText: "Tomorrow" }).waitFor();
  await bob.page.getByRole("button", { name: "About this room" }).click();
  await bob.page.getByRole("menuitem", { name: "Leave the room…" }).click();
  await bob.page.locator("form").getByRole("button", { name: "Leave" }).click();
  await bob.page.getByText("You are no longer in Gardeners.").waitFor();
  await happenings(ada.page).filter({ hasText: "Bob left" }).waitFor();
  await person(ada.page, "Bob").waitFor({ state: "detached" });
  await close(ada, bob);
});

test("two people write to each other alone, and unread counts move at both, on all their pages", async () => {
  const ada = await visitAs(chromium, node, { username: "ada", name: "Ada" });
  const bob = await visitAs(chromium, node, { username: "bob", name: "Bob" });
  await createRoom(bob.page, { name: "Elsewhere" });
  await writeTo(ada.page, "bob");
  await ada.page.locator("#room-title", { hasText: "Bob" }).waitFor();
  await conversation(ada.page, "Bob").locator(".presence[data-status=online]").waitFor();
  await write(ada.page, "Hello Bob");
  await badge(bob.page, "Ada")
    .filter({ hasText: /^1 unread$/ })
    .waitFor();
  await reads(conversation(bob.page, "Ada").locator(".conversation-last"), "Hello Bob");
  await write(ada.page, "Are you there?");
  await badge(bob.page, "Ada")
    .filter({ hasText: /^2 unread$/ })
    .waitFor();
  // Another page of Bob's: read on one, read on both.
  const second = await bob.context.newPage();
  await second.goto(bob.page.url());
  await badge(second, "Ada")
    .filter({ hasText: /^2 unread$/ })
    .waitFor();
  await conversation(bob.page, "Ada").locator("a").click();
  await badge(bob.page, "Ada").waitFor({ state: "detached" });
  await badge(second, "Ada").waitFor({ state: "detached" });
  expect(await texts(bob.page)).toEqual(["Hello Bob", "Are you there?"]);
  await bob.page.getByLabel("Message", { exact: true }).pressSequentially("Y");
  await ada.page.getByText("Bob is typing…").waitFor();
  await write(bob.page, "Yes!");
  await ada.page.locator("#log .text", { hasText: "Yes!" }).waitFor();
  await badge(ada.page, "Bob").waitFor({ state: "detached" });
  await bob.page.reload();
  await conversation(bob.page, "Ada").waitFor();
  await badge(bob.page, "Ada").waitFor({ state: "detached" });
  await close(ada, bob);
});

test("who is banned loses the room at once, with all that was in it", async () => {
  const ada = await visitAs(chromium, node, { username: "ada", name: "Ada" });
  const eve = await visitAs(chromium, node, { username: "eve", name: "Eve" });
  await createRoom(ada.page, { name: "Quiet hall" });
  await joinRoom(eve.page, "Quiet hall");
  await write(eve.page, "BUY NOW");
  await person(ada.page, "Eve").waitFor();
  await choose(ada.page, "Eve", "Mute for an hour");
  await happenings(ada.page).filter({ hasText: "Ada muted Eve until" }).waitFor();
  await write(eve.page, "BUY IT NOW");
  await eve.page.getByText("Not sent:").waitFor();
  await choose(ada.page, "Eve", "Ban…");
  await ada.page.getByLabel("Reason (optional)").fill("sells things");
  await ada.page.locator("form").getByRole("button", { name: "Ban" }).click();
  await eve.page.getByText("You are no longer in Quiet hall.").waitFor();
  await eve.page.locator("#log .text").first().waitFor({ state: "detached" });
  await conversation(eve.page, "Quiet hall").waitFor({ state: "detached" });
  await happenings(ada.page).filter({ hasText: "Ada banned Eve" }).waitFor();
  await person(ada.page, "Eve").waitFor({ state: "detached" });
  await ada.page.locator("#log .message", { hasText: "BUY NOW" }).hover();
  await ada.page.getByRole("button", { name: "More", exact: true }).click();
  await ada.page.getByRole("menuitem", { name: "Delete…" }).click();
  await ada.page.locator("form").getByRole("button", { name: "Delete" }).click();
  await ada.page.getByText("This message was deleted.").waitFor();
  await ada.page.reload();
  await ada.page.getByText("This message was deleted.").waitFor();
  await close(ada, eve);
});

test("a private room is entered by an invitation and by a link, and by nothing else", async () => {
  const ada = await visitAs(chromium, node, { username: "ada", name: "Ada" });
  const bob = await visitAs(chromium, node, { username: "bob", name: "Bob" });
  const cid = await visitAs(chromium, node, { username: "cid", name: "Cid" });
  await createRoom(ada.page, { name: "Surprise", kind: "Private" });
  const address = ada.page.url();
  await bob.page.goto(address);
  await bob.page.getByText("There is no such room, or it is not yours to see.").waitFor();
  const menu = async (item: string): Promise<void> => {
    await ada.page.getByRole("button", { name: "About this room" }).click();
    await ada.page.getByRole("menuitem", { name: item }).click();
  };
  await menu("Invite somebody…");
  await ada.page.getByLabel("Name or user name").fill("bo");
  await ada.page.getByRole("button", { name: "Invite: Bob" }).click();
  await bob.page.locator("#invitations").getByText("Surprise").waitFor();
  await bob.page.reload();
  await bob.page.locator("#invitations").getByText("Surprise").waitFor();
  await bob.page.getByRole("button", { name: "Join", exact: true }).click();
  await bob.page.locator("#room-title", { hasText: "Surprise" }).waitFor();
  await bob.page.locator("#invitations-part").waitFor({ state: "hidden" });
  await ada.page.getByRole("button", { name: "Close", exact: true }).last().click();
  await menu("Invite by a link…");
  await ada.page.getByRole("button", { name: "Create a link" }).click();
  const link = await ada.page.getByLabel("The link").inputValue();
  // Put into the address of a page that is open: the browser itself loads nothing then.
  await cid.page.goto(link);
  await cid.page.locator("#room-title", { hasText: "Surprise" }).waitFor();
  expect(cid.page.url()).not.toContain("join=");
  await close(ada, bob, cid);
});

test("whom one blocks is not seen any more; a message is put before the moderators", async () => {
  const ada = await visitAs(chromium, node, { username: "ada", name: "Ada" });
  const mal = await visitAs(chromium, node, { username: "mal", name: "Mal" });
  await createRoom(ada.page, { name: "Tea house" });
  await joinRoom(mal.page, "Tea house");
  await write(mal.page, "something rude");
  const rude = ada.page.locator("#log .message", { hasText: "something rude" });
  await rude.hover();
  await rude.getByRole("button", { name: "More" }).click();
  await ada.page.getByRole("menuitem", { name: "Report…" }).click();
  await ada.page.getByLabel("What is wrong with it?").fill("rude");
  await ada.page.locator("form").getByRole("button", { name: "Report" }).click();
  await ada.page.getByText("it was put before the moderators").waitFor();
  await choose(ada.page, "Mal", "Block…");
  await ada.page.locator("form").getByRole("button", { name: "Block" }).click();
  await rude.waitFor({ state: "hidden" });
  await write(mal.page, "more of it");
  await write(ada.page, "nice weather");
  await ada.page.locator("#log .text", { hasText: "nice weather" }).waitFor();
  expect(await ada.page.locator("#log .text:visible").allInnerTexts()).toEqual(["nice weather"]);
  await ada.page.reload();
  await ada.page.locator("#log .text", { hasText: "nice weather" }).waitFor();
  expect(await ada.page.locator("#log .text:visible").allInnerTexts()).toEqual(["nice weather"]);
  await close(ada, mal);
});

test("only moderators write in a broadcast room, and one who becomes a moderator may", async () => {
  const ada = await visitAs(chromium, node, { username: "ada", name: "Ada" });
  const bob = await visitAs(chromium, node, { username: "bob", name: "Bob" });
  await createRoom(ada.page, { name: "Notices", kind: "Broadcast" });
  await joinRoom(bob.page, "Notices");
  await bob.page.getByText("Only moderators write here.").waitFor();
  expect(await bob.page.getByLabel("Message", { exact: true }).isVisible()).toBe(false);
  await person(ada.page, "Bob").waitFor();
  await choose(ada.page, "Bob", "Make moderator");
  await bob.page.getByLabel("Message", { exact: true }).waitFor();
  await write(bob.page, "hear, hear");
  await ada.page.locator("#log .text", { hasText: "hear, hear" }).waitFor();
  await happenings(bob.page).filter({ hasText: "Ada made Bob a moderator" }).waitFor();
  await close(ada, bob);
});

test("names, topics and reasons are shown as text, whatever is in them", async () => {
  const nasty = (n: number): string => `<img src=x onerror=document.title=${n}>`;
  const ada = await visitAs(chromium, node, { username: "ada", name: "Ada" });
  const pia = await visitAs(chromium, node, { username: "pia", name: `${nasty(1)}` });
  await createRoom(pia.page, { name: `<b>R</b>${nasty(2)}`, topic: `"><script>document.title=3</script>` });
  await joinRoom(ada.page, `<b>R</b>${nasty(2)}`);
  await person(pia.page, "Ada").waitFor();
  await choose(pia.page, "Ada", "Mute for an hour");
  await happenings(ada.page)
    .filter({ hasText: `${nasty(1)} muted Ada` })
    .waitFor();
  await reads(ada.page.locator("#room-topic"), `"><script>document.title=3</script>`);
  await writeTo(ada.page, "pia");
  await ada.page.locator("#room-title", { hasText: nasty(1) }).waitFor();
  await write(ada.page, nasty(4));
  await conversation(pia.page, nasty(4)).waitFor();
  await pia.page.locator("#me").click();
  await pia.page.getByRole("button", { name: "Where you are signed in" }).waitFor();
  for (const { page } of [ada, pia]) {
    expect(await page.locator(":is(#app, dialog) :is(script, b, img[src=x])").count()).toBe(0);
    expect(await page.title()).toEndWith("Confab");
  }
  await close(ada, pia);
});
