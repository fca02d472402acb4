/** Passwords that change, are forgotten, and are not enough. */

import { expect, test } from "bun:test";
import { Browser, ownerToken, password, programSignIn, totp } from "../accounts.ts";
import { eventually, openRaw, within } from "../client.ts";
import { runConfab } from "../command.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { post } from "../http-client.ts";
import { startMailSink } from "../mail-sink.ts";

const other = "another long password";

/** Somebody on a server of an owner, who gives links to a new password for them. */
async function ownerAndBob(node: ChatNode) {
  const [ada, bob] = [new Browser(node), new Browser(node)];
  await ada.signUp("ada", { invite: await ownerToken(node) });
  await bob.signUp("bob");
  const { id: user } = await bob.ask<{ id: string }>("account.get");
  const link = (): Promise<{ token: string }> => ada.ask("user.reset_password", { user });
  return { bob, link };
}

test("a changed password ends every other sign-in, with its sockets", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const [laptop, phone] = [new Browser(node), new Browser(node)];
  await laptop.signUp("ada");
  await phone.signIn("ada");
  await using onPhone = await phone.connect();
  const wrong = await laptop.post("change-password", { currentPassword: "not the password", newPassword: other });
  expect(wrong.status).toBe(400);
  expect((await phone.call("account.get")).status).toBe(200);
  expect((await laptop.post("change-password", { currentPassword: password, newPassword: other })).status).toBe(200);
  expect(await within(onPhone.closed, () => "the phone's end", 1_000)).toMatchObject({ code: 3503 });
  expect((await phone.call("account.get")).status).toBe(401);
  expect((await laptop.call("account.get")).status).toBe(200);
  expect((await phone.signIn("ada")).status).toBe(401);
  expect((await phone.signIn("ada", other)).status).toBe(200);
});

test("a forgotten password is set anew by a mail, once, and nobody learns who has an account", async () => {
  using sink = startMailSink();
  const smtp = ["--smtp-url", sink.url, "--smtp-from", "Chat <chat@example.com>"];
  await using node = await startNode({ args: ["--sign-up", "open", ...smtp] });
  const ada = new Browser(node);
  await ada.signUp("ada", { email: "ada@example.com" });
  await using connected = await ada.connect();
  const nobody = await ada.post("request-password-reset", { email: "nobody@example.com" });
  const asked = await ada.post("request-password-reset", { email: "ADA@example.com" });
  expect(asked).toMatchObject({ status: 200, json: nobody.json });
  await eventually(() => sink.letters.length > 0, "a letter");
  expect(sink.letters).toHaveLength(1);
  const [letter] = sink.letters;
  expect(letter).toMatchObject({ from: "chat@example.com", to: ["ada@example.com"] });
  expect(letter?.text).toContain(`${node.url}/#reset=`);
  const [, token = ""] = /#reset=([\w-]+)/.exec(letter?.text ?? "") ?? [];
  expect((await ada.post("reset-password", { token: "x".repeat(24), newPassword: other })).status).toBe(400);
  expect((await ada.post("reset-password", { token, newPassword: "short" })).status).toBe(400);
  const [first, second] = await Promise.all(
    [other, "a third long password"].map((newPassword) =>
      new Browser(node).post("reset-password", { token, newPassword }),
    ),
  );
  expect(new Set([first?.status, second?.status])).toEqual(new Set([200, 400]));
  expect(await within(connected.closed, () => "the old sign-in's end", 1_000)).toMatchObject({ code: 3503 });
  expect((await new Browser(node).signIn("ada")).status).toBe(401);
  const chosen = first?.status === 200 ? other : "a third long password";
  expect((await new Browser(node).signIn("ada", chosen)).status).toBe(200);
});

test("who signs in by the old password while a new one is set is not in", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const { bob, link } = await ownerAndBob(node);
  const { token } = await link();
  const late = Array.from({ length: 20 }, () => new Browser(node));
  const resetting = new Browser(node).post("reset-password", { token, newPassword: other });
  // They come while the new one is hashed, and are compared with the old one when it is stored.
  const signingIn: ReturnType<Browser["signIn"]>[] = [];
  for (const one of late) {
    signingIn.push(one.signIn("bob"));
    await fetch(`${node.url}/healthz`);
  }
  const answers = await Promise.all(signingIn);
  expect((await resetting).status).toBe(200);
  const statuses = await Promise.all(late.map(async (one) => (await one.call("account.get")).status));
  expect(statuses).toEqual(late.map(() => 401));
  expect(answers.filter(({ status }) => status !== 200 && status !== 401)).toEqual([]);
  expect((await bob.signIn("bob", other)).status).toBe(200);
});

test("without mail an administrator gives the link, or the command line, while the server runs and while it does not", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const [ada, bob] = [new Browser(node), new Browser(node)];
  await ada.signUp("ada", { invite: await ownerToken(node) });
  await bob.signUp("bob");
  const { id } = await bob.ask<{ id: string }>("account.get");
  expect((await bob.call("user.reset_password", { user: id })).status).toBe(403);
  const given = await ada.ask<{ link: string; token: string }>("user.reset_password", { user: id });
  expect(given.link).toBe(`${node.url}/#reset=${given.token}`);
  expect((await bob.post("reset-password", { token: given.token, newPassword: other })).status).toBe(200);
  expect((await bob.signIn("bob", other)).status).toBe(200);
  const running = await runConfab(["user", "reset-password", "--user", "bob", "--data", node.data]);
  expect(running).toMatchObject({ code: 0, complaint: "" });
  const sets = async (link: string, newPassword: string): Promise<void> => {
    const token = link.trim().split("#reset=")[1] ?? "";
    expect((await bob.post("reset-password", { token, newPassword })).status).toBe(200);
    expect((await bob.signIn("bob", newPassword)).status).toBe(200);
  };
  await sets(running.output, `${other} 1`);
  await node.stop();
  const stopped = await runConfab(["user", "reset-password", "--user", "bob", "--data", node.data]);
  expect(stopped).toMatchObject({ code: 0, complaint: "" });
  await node.restart();
  await sets(stopped.output, `${other} 2`);
});

test("what waits for an account by its old password, or by another link, is worth nothing once there is a new one", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const { bob, link } = await ownerAndBob(node);
  const { totpURI } = (await bob.post("two-factor/enable", { password })).json as { totpURI: string };
  expect((await bob.post("two-factor/verify-totp", { code: totp(totpURI) })).status).toBe(200);
  const [seen, used] = [await link(), await link()];
  const thief = new Browser(node);
  expect(await thief.signIn("bob")).toMatchObject({ status: 200, json: { twoFactorRedirect: true } });
  expect((await bob.post("reset-password", { token: used.token, newPassword: other })).status).toBe(200);
  const code = totp(totpURI, Date.now() + 30_000);
  expect((await thief.post("two-factor/verify-totp", { code })).status).toBe(401);
  expect((await thief.post("reset-password", { token: seen.token, newPassword: password })).status).toBe(400);
  expect((await bob.signIn("bob", other)).status).toBe(200);
  expect((await bob.post("two-factor/verify-totp", { code })).status).toBe(200);
});

test("who changes a password by the old one while a link sets a new one does not take the account back", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const { bob, link } = await ownerAndBob(node);
  const { token } = await link();
  const thieves = Array.from({ length: 8 }, () => new Browser(node));
  for (const thief of thieves) await thief.signIn("bob");
  const resetting = new Browser(node).post("reset-password", { token, newPassword: other });
  // Passwords are looked at in turn: the link's is stored before the old one has been compared.
  const changing: ReturnType<Browser["post"]>[] = [];
  for (const [at, thief] of thieves.entries()) {
    changing.push(thief.post("change-password", { currentPassword: password, newPassword: `${password} ${at}` }));
    await fetch(`${node.url}/healthz`);
  }
  expect((await resetting).status).toBe(200);
  await Promise.all(changing);
  expect((await bob.signIn("bob", other)).status).toBe(200);
  const statuses = await Promise.all(thieves.map(async (thief) => (await thief.call("account.get")).status));
  expect(statuses).toEqual(thieves.map(() => 401));
});

test("a second factor: until the code is given there is no sign-in, at any door; every code works once", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const ada = new Browser(node);
  await ada.signUp("ada");
  const enabled = await ada.post("two-factor/enable", { password });
  const { totpURI, backupCodes } = enabled.json as { totpURI: string; backupCodes: string[] };
  expect(decodeURIComponent(totpURI)).toContain(":ada?");
  expect(await ada.ask("account.get")).toMatchObject({ second_factor: false });
  // The codes of the half minutes before and behind are good too.
  const code_ms = 30_000;
  expect((await ada.post("two-factor/verify-totp", { code: totp(totpURI, Date.now() - code_ms) })).status).toBe(200);
  expect(await ada.ask("account.get")).toMatchObject({ second_factor: true });

  const pending = new Browser(node);
  const half = await pending.signIn("ada");
  expect(half).toMatchObject({ status: 200, json: { twoFactorRedirect: true } });
  expect(half.json).not.toHaveProperty("token");
  expect([...pending.cookies.keys()]).toEqual(["confab.two_factor"]);
  // Whatever it was given, it opens nothing: as a cookie of a session, as a token, over either door.
  const [value = ""] = (pending.cookies.get("confab.two_factor") ?? "").split(".");
  const program = new Browser(node);
  program.origin = undefined;
  const byProgram = await program.signIn("ada");
  for (const { headers } of [half, byProgram]) expect([...headers.keys()]).not.toContain("set-auth-token");
  expect(byProgram.json).not.toHaveProperty("token");
  for (const token of [value, program.cookies.get("confab.two_factor") ?? "none"]) {
    expect((await post(node, "account.get", { token, body: {} })).status).toBe(401);
    await using socket = await openRaw(node);
    const reply = await Promise.race([
      socket.request("connect", { token }).then(({ error }) => error?.code),
      socket.closed.then(({ code }) => code),
    ]);
    expect([101, 3500]).toContain(reply ?? 0);
  }
  expect((await pending.call("account.get")).status).toBe(401);
  await using waiting = await pending.open();
  expect(await waiting.refusal("connect", {})).toMatchObject({ code: 101 });
  expect((await pending.post("two-factor/disable", { password })).status).toBe(401);
  expect((await pending.post("change-password", { currentPassword: password, newPassword: other })).status).toBe(401);
  expect((await ada.ask<{ sessions: unknown[] }>("session.list")).sessions).toHaveLength(1);

  expect((await pending.post("two-factor/verify-totp", { code: "000000" })).status).toBe(401);
  const used = totp(totpURI);
  expect((await pending.post("two-factor/verify-totp", { code: used })).status).toBe(200);
  expect((await pending.call("account.get")).status).toBe(200);
  const repeated = await program.post("two-factor/verify-totp", { code: used });
  expect(repeated).toMatchObject({ status: 401, json: { error: { code: "unauthorized", reason: "code_used" } } });
  expect(repeated.json).not.toHaveProperty("token");
  await program.signIn("ada");
  const proved = await program.post("two-factor/verify-totp", { code: totp(totpURI, Date.now() + code_ms) });
  expect((await post(node, "account.get", { token: String(proved.json["token"]), body: {} })).status).toBe(200);

  const [code = ""] = backupCodes;
  const lost = new Browser(node);
  await lost.signIn("ada");
  expect((await lost.post("two-factor/verify-backup-code", { code })).status).toBe(200);
  expect((await lost.call("account.get")).status).toBe(200);
  const again = new Browser(node);
  await again.signIn("ada");
  expect((await again.post("two-factor/verify-backup-code", { code })).status).toBe(401);
  expect(rejectedToken(await programSignIn(node, "ada").catch(() => undefined))).toBe(true);
});

const rejectedToken = (token: string | undefined): boolean => token === undefined;

test("a browser that was trusted with an earlier second factor is asked for the new one", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const [ada, lost] = [new Browser(node), new Browser(node)];
  await ada.signUp("ada");
  const enable = async (): Promise<string> => {
    const { totpURI } = (await ada.post("two-factor/enable", { password })).json as { totpURI: string };
    const code = totp(totpURI, Date.now() - 30_000);
    expect((await ada.post("two-factor/verify-totp", { code })).status).toBe(200);
    return totpURI;
  };
  const first = await enable();
  await lost.signIn("ada");
  expect((await lost.post("two-factor/verify-totp", { code: totp(first), trustDevice: true })).status).toBe(200);
  expect((await lost.signIn("ada")).json).not.toHaveProperty("twoFactorRedirect");
  expect((await ada.post("two-factor/disable", { password })).status).toBe(200);
  await enable();
  expect((await lost.signIn("ada")).json).toMatchObject({ twoFactorRedirect: true });
});

test("a code of a second factor is guessed a few times and no more", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const ada = new Browser(node);
  await ada.signUp("ada");
  const { totpURI } = (await ada.post("two-factor/enable", { password })).json as { totpURI: string };
  await ada.post("two-factor/verify-totp", { code: totp(totpURI) });
  const thief = new Browser(node);
  const told: number[] = [];
  for (let at = 0; at < 12; at++) {
    if (at % 4 === 0) await thief.signIn("ada");
    told.push((await thief.post("two-factor/verify-totp", { code: "123456" })).status);
  }
  expect(told.slice(0, 10)).toEqual(Array<number>(10).fill(401));
  expect(told.slice(10)).toEqual([429, 429]);
  expect((await thief.post("two-factor/verify-totp", { code: totp(totpURI) })).status).toBe(429);
});
