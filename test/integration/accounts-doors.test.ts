/** Accounts: how people come, sign in and out, and by which doors they are known. */

import { expect, test } from "bun:test";
import { Browser, ownerToken, password, programSignIn } from "../accounts.ts";
import { withDatabase } from "../checker.ts";
import { connectRaw, eventually, openRaw, within } from "../client.ts";
import { runConfab } from "../command.ts";
import { startNode } from "../harness.ts";
import { post } from "../http-client.ts";
import { jwtSecret, signed } from "../tokens.ts";

test("the first start prints a link that makes the owner, once, and no later start prints one", async () => {
  await using node = await startNode();
  const first = await ownerToken(node);
  await node.restart();
  await eventually(() => node.printed.split("#owner=").length === 3, "a second link");
  const second = await ownerToken(node);
  expect(second).not.toBe(first);
  const ada = new Browser(node);
  expect((await ada.signUp("ada", { invite: first })).status).toBe(403);
  const entered = await ada.signUp("Ada", { invite: second, name: "Ada L." });
  expect(entered).toMatchObject({ status: 200, json: { user: { name: "Ada L.", username: "ada" } } });
  expect(await ada.ask("account.get")).toMatchObject({ role: "owner", username: "ada", kind: "local", email: null });
  expect((await new Browser(node).signUp("bob", { invite: second })).status).toBe(403);
  await node.stop();
  const printed = node.printed;
  await node.restart();
  expect((await new Browser(node).signIn("ada")).status).toBe(200);
  expect(node.printed).toBe(printed);
});

test("the owner's link makes nobody an owner once there is one", async () => {
  await using node = await startNode();
  const invite = await ownerToken(node);
  const added = await runConfab(["user", "add", "--user", "ada", "--role", "owner", "--data", node.data]);
  expect(added.code).toBe(0);
  const eve = new Browser(node);
  expect((await eve.signUp("eve", { invite })).status).toBe(403);
});

test("accounts are closed unless the setting or a link opens them, and the last use of a link is one person's", async () => {
  await using closed = await startNode();
  expect((await new Browser(closed).signUp("bob")).json["error"]).toMatchObject({ code: "permission_denied" });
  await using node = await startNode({ args: ["--sign-up", "invite"] });
  expect((await new Browser(node).signUp("bob")).status).toBe(403);
  const { code, output } = await runConfab(["invite", "--data", node.data, "--uses", "2"]);
  expect(code).toBe(0);
  const invite = output.trim().split("#invite=")[1] ?? "";
  expect(output).toStartWith(`${node.url}/#invite=`);
  // What fails for another reason costs no use.
  expect((await new Browser(node).signUp("x", { invite })).status).toBe(400);
  expect((await new Browser(node).signUp("bob", { invite, password: "short" })).status).toBe(400);
  const tried = await Promise.all(
    ["ann", "ben", "cid", "dan"].map((name) => new Browser(node).signUp(name, { invite })),
  );
  expect(tried.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 200, 403, 403]);
  await using open = await startNode({ args: ["--sign-up", "open"] });
  expect((await new Browser(open).signUp("bob", { email: "Bob@Example.com" })).status).toBe(200);
  expect((await new Browser(open).signUp("BOB")).status).toBe(400);
  expect((await new Browser(open).signUp("eve", { email: "eve@accounts.invalid" })).status).toBe(400);
  const byMail = await new Browser(open).post("sign-in/email", { email: "bob@example.COM", password });
  expect(byMail.status).toBe(200);
});

test("a sign-in is a cookie that scripts cannot read, and a program's a token; both open the socket and HTTP", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const ada = new Browser(node);
  await ada.signUp("ada");
  const entered = await ada.signIn("ada");
  expect(entered.json).not.toHaveProperty("token");
  expect([...entered.headers.keys()]).not.toContain("set-auth-token");
  const cookie = ada.given.at(-1) ?? "";
  expect(cookie).toStartWith("confab.session_token=");
  expect(cookie).toContain("; HttpOnly");
  expect(cookie).toContain("; SameSite=Lax");
  const me = await ada.ask<{ id: string }>("account.get");
  await using page = await ada.connect({ data: { rooms: true } });
  expect(page.user).toBe(me.id);
  const token = await programSignIn(node, "ada");
  await using program = await connectRaw(node, { token });
  expect(program.user).toBe(me.id);
  expect((await post(node, "account.get", { token, body: {} })).json).toMatchObject({ id: me.id });
  // Neither the token nor the password stands in the database, nor in the log.
  const tables = ["account_sessions", "credentials", "verifications", "accounts"];
  const rows = await withDatabase(node.data, async (db) =>
    (await Promise.all(tables.map((table) => db.execute(`SELECT * FROM ${table}`)))).map(({ rows: found }) => found),
  );
  for (const secret of [token, password, (ada.cookies.get("confab.session_token") ?? "").split(".")[0] ?? ""]) {
    expect(secret.length).toBeGreaterThan(10);
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(JSON.stringify(node.logs)).not.toContain(secret);
  }
});

test("a cookie counts only with the Origin of a page of ours, and a query never signs anybody in", async () => {
  await using node = await startNode({ args: ["--sign-up", "open", "--allowed-origins", "https://app.example"] });
  const ada = new Browser(node);
  await ada.signUp("ada");
  for (const origin of ["https://evil.example", "null", undefined]) {
    const elsewhere = new Browser(node, "");
    elsewhere.origin = origin;
    for (const [name, value] of ada.cookies) elsewhere.cookies.set(name, value);
    expect({ origin, status: (await elsewhere.call("account.get")).status }).toEqual({ origin, status: 401 });
    expect({ origin, status: (await elsewhere.post("sign-out")).status }).toEqual({ origin, status: 403 });
    if (origin !== undefined) {
      expect((await elsewhere.signIn("ada")).status).toBe(403);
      expect(await rejected(elsewhere.open())).toBe(true);
      continue;
    }
    await using program = await elsewhere.open();
    expect(await program.refusal("connect", {})).toMatchObject({ code: 101 });
  }
  const listed = new Browser(node, "https://app.example");
  for (const [name, value] of ada.cookies) listed.cookies.set(name, value);
  expect((await listed.call("account.get")).status).toBe(200);
  const token = await programSignIn(node, "ada");
  for (const query of [`?token=${token}`, `?access_token=${token}`, `?cookie=${token}`]) {
    await using asked = await openRaw({ ws: `${node.ws}${query}` });
    expect(await asked.refusal("connect", {})).toMatchObject({ code: 101 });
    const overHttp = await fetch(`${node.url}/api/account.get${query}`, { method: "POST", body: "{}" });
    expect(overHttp.status).toBe(401);
  }
});

test("no token of a host makes somebody with an account", async () => {
  const env = { CONFAB_JWT_SECRET: jwtSecret };
  await using node = await startNode({ args: ["--sign-up", "open"], env });
  const ada = new Browser(node);
  await ada.signUp("ada");
  const { id } = await ada.ask<{ id: string }>("account.get");
  for (const claims of [{ sub: id }, { sub: id, iss: "local" }, { sub: id, iss: "" }, { sub: "ada", iss: "local" }]) {
    const answer = await post(node, "account.get", { token: await signed(claims), body: {} });
    const told = answer.json as { id: string; kind: string; role: string };
    expect(told).toMatchObject({ kind: "host", role: "member", username: null });
    expect(told.id).not.toBe(id);
  }
});

test("behind https the cookie has the prefix that binds it to the host, and only https carries it", async () => {
  const publicUrl = "https://chat.example.com";
  await using node = await startNode({ args: ["--sign-up", "open", "--public-url", publicUrl] });
  const ada = new Browser(node, publicUrl);
  expect((await ada.signUp("ada")).status).toBe(200);
  const cookie = ada.given.at(-1) ?? "";
  expect(cookie).toStartWith("__Host-confab.session_token=");
  for (const attribute of ["; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"]) expect(cookie).toContain(attribute);
  expect(cookie).not.toContain("Domain");
  expect((await ada.call("account.get")).status).toBe(200);
  ada.origin = node.url;
  expect((await ada.call("account.get")).status).toBe(401);
  expect(node.logs.some(({ event }) => event === "plain_http")).toBe(false);
  await using plain = await startNode({ args: ["--public-url", "http://chat.example.com"] });
  expect(plain.logs.find(({ event }) => event === "plain_http")).toMatchObject({ level: "warn" });
});

test("who signs out, or ends another sign-in of theirs, loses its sockets at once, and its token is refused", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const [laptop, phone] = [new Browser(node), new Browser(node)];
  await laptop.signUp("ada");
  await phone.signIn("ada");
  const { sessions } = await laptop.ask<{ sessions: { id: string; current: boolean }[] }>("session.list");
  expect(sessions).toHaveLength(2);
  const other = sessions.find(({ current }) => !current)?.id ?? "";
  await using onPhone = await phone.connect();
  await using onLaptop = await laptop.connect();
  await laptop.ask("session.revoke", { id: other });
  expect(await within(onPhone.closed, () => "the phone's end", 1_000)).toMatchObject({ code: 3503 });
  expect((await phone.call("account.get")).status).toBe(401);
  const kept = new Map(laptop.cookies);
  expect((await laptop.post("sign-out")).status).toBe(200);
  expect(await within(onLaptop.closed, () => "the laptop's end", 1_000)).toMatchObject({ code: 3503 });
  expect(laptop.cookies.size).toBe(0);
  for (const [name, value] of kept) laptop.cookies.set(name, value);
  expect((await laptop.call("account.get")).status).toBe(401);
  await using again = await laptop.open();
  expect(await again.refusal("connect", {})).toMatchObject({ code: 101 });
});

test("attempts are counted by account and by address", async () => {
  const limits = ["--sign-ins-per-account-max", "3", "--sign-ins-per-address-max", "12"];
  await using node = await startNode({ args: ["--sign-up", "open", ...limits] });
  await new Browser(node).signUp("ada", { email: "ada@example.com" });
  const told: number[] = [];
  const wrong = "wrong wrong wrong";
  for (let at = 0; at < 2; at++) told.push((await new Browser(node).signIn("ada", wrong)).status);
  // By its address it is the same account.
  for (let at = 0; at < 2; at++)
    told.push((await new Browser(node).post("sign-in/email", { email: "Ada@example.com", password: wrong })).status);
  expect(told).toEqual([401, 401, 401, 429]);
  const late = await new Browser(node).signIn("ADA");
  expect(late.status).toBe(429);
  expect(Number(late.headers.get("retry-after"))).toBeGreaterThan(60);
  for (let at = 0; at < 6; at++) await new Browser(node).signIn(`nobody-${at}`);
  expect((await new Browser(node).signIn("nobody-else")).status).toBe(429);
});

test("who holds a sign-in has no more guesses at its password, and asking for a new one takes none of them", async () => {
  await using node = await startNode({ args: ["--sign-up", "open", "--sign-ins-per-account-max", "3"] });
  const ada = new Browser(node);
  await ada.signUp("ada", { email: "ada@example.com" });
  const guess = { currentPassword: "wrong wrong wrong", newPassword: "another long password" };
  const told: number[] = [];
  for (let at = 0; at < 2; at++) told.push((await ada.post("change-password", guess)).status);
  told.push((await ada.post("two-factor/enable", { password: "wrong wrong wrong" })).status);
  for (const right of [{ ...guess, currentPassword: password }, guess])
    told.push((await ada.post("change-password", right)).status);
  expect(told).toEqual([400, 400, 400, 429, 429]);
  const asked: number[] = [];
  for (let at = 0; at < 4; at++)
    asked.push((await new Browser(node).post("request-password-reset", { email: "ada@example.com" })).status);
  expect(asked).toEqual([501, 501, 501, 429]);
  expect((await new Browser(node).signIn("ada")).status).toBe(200);
});

test("the door takes what it knows, in the form it knows, and nothing else of better-auth is there", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const ada = new Browser(node);
  await ada.signUp("ada");
  for (const way of [
    "sign-up/email",
    "update-user",
    "delete-user",
    "revoke-sessions",
    "list-sessions",
    "two-factor/send-otp",
  ])
    expect({ way, status: (await ada.post(way, {})).status }).toEqual({ way, status: 404 });
  for (const body of [
    {},
    { username: "ada" },
    { username: "ada", password, extra: 1 },
    { username: ["ada"], password },
  ])
    expect((await ada.post("sign-in/username", body)).json["error"]).toMatchObject({ code: "bad_request" });
  const get = await fetch(`${node.url}/api/auth/sign-in/username`, { headers: ada.headers });
  expect(get.status).toBe(405);
  const huge = await ada.post("sign-in/username", { username: "ada", password: "x".repeat(70_000) });
  expect(huge.status).toBe(413);
  const form = await fetch(`${node.url}/api/auth/sign-out`, { method: "POST", headers: ada.headers, body: "a=1" });
  expect(form.status).toBe(400);
  const methods = await fetch(`${node.url}/api/auth/methods`);
  expect(await methods.json()).toEqual({ sign_up: "open", guests: false, password_reset: false, single_sign_on: null });
  expect((await ada.post("request-password-reset", { email: "a@example.com" })).json["error"]).toMatchObject({
    code: "not_available",
  });
});

async function rejected(work: Promise<unknown>): Promise<boolean> {
  return await work.then(
    () => false,
    () => true,
  );
}
