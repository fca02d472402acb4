/** Single sign-on at a real OpenID Connect provider. */

import { expect, test } from "bun:test";
import { Browser, ownerToken, password } from "../accounts.ts";
import { eventually, within } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { startOidc, type OidcServer } from "../oidc.ts";

interface Stage extends AsyncDisposable {
  readonly node: ChatNode;
  readonly provider: OidcServer;
}

async function stage(args: readonly string[] = []): Promise<Stage> {
  let url = "";
  const provider = await startOidc(() => `${url}/api/auth/callback/oidc`);
  const oidc = ["--oidc-issuer", provider.issuer, "--oidc-client-id", provider.clientId, "--oidc-name", "The house"];
  const node = await startNode({ args: [...oidc, ...args], env: { CONFAB_OIDC_CLIENT_SECRET: provider.clientSecret } });
  url = node.url;
  return {
    node,
    provider,
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

/** A browser's whole way: to the provider, and back. Gives the answer to the coming back. */
async function signOn({ node, provider }: Stage, browser: Browser, subject: string): Promise<Response> {
  const begun = await browser.post("sign-in/social", { provider: "oidc", callbackURL: "/rooms" });
  if (begun.status !== 200) throw new Error(`sign-in/social: ${begun.status} ${JSON.stringify(begun.json)}`);
  const back = await provider.signIn(String(begun.json["url"]), subject);
  expect(back).toStartWith(`${node.url}/api/auth/callback/oidc?`);
  const answer = await fetch(back, { redirect: "manual", headers: { cookie: browser.headers["cookie"] ?? "" } });
  browser.keep(answer.headers);
  return answer;
}

test("who comes from the provider has an account, the same one each time, though accounts are closed otherwise", async () => {
  await using scene = await stage();
  const { node } = scene;
  const methods = await (await fetch(`${node.url}/api/auth/methods`)).json();
  expect(methods).toMatchObject({ sign_up: "closed", single_sign_on: "The house" });
  const browser = new Browser(node);
  const answer = await signOn(scene, browser, "ada");
  expect(answer.status).toBe(302);
  expect(new URL(answer.headers.get("location") ?? "", node.url).href).toBe(`${node.url}/rooms`);
  const me = await browser.ask<{ id: string }>("account.get");
  expect(me).toMatchObject({
    name: "ada of the house",
    username: "ada",
    kind: "local",
    sign_ins: ["oidc"],
    email: null,
  });
  await using connected = await browser.connect();
  expect(connected.user).toBe(me.id);
  const again = new Browser(node);
  await signOn(scene, again, "ada");
  expect(await again.ask("account.get")).toMatchObject({ id: me.id });
  await browser.post("sign-out");
  expect(await within(connected.closed, () => "the end", 1_000)).toMatchObject({ code: 3503 });
  expect((await again.call("account.get")).status).toBe(200);
});

test("nobody comes into an account by a name or an address that the provider tells", async () => {
  await using scene = await stage(["--sign-up", "open"]);
  const { node } = scene;
  const ada = new Browser(node);
  await ada.signUp("ada", { email: "ada@example.com" });
  const { id } = await ada.ask<{ id: string }>("account.get");
  const other = new Browser(node);
  await signOn(scene, other, "ada");
  const told = await other.ask<{ id: string; username: string | null }>("account.get");
  expect(told.id).not.toBe(id);
  expect(told.username).toBeNull();
  expect((await new Browser(node).post("sign-in/email", { email: "ada@example.com", password })).status).toBe(200);
});

test("an answer that was not asked for, or is given twice, signs nobody in", async () => {
  await using scene = await stage();
  const { node, provider } = scene;
  const browser = new Browser(node);
  const begun = await browser.post("sign-in/social", { provider: "oidc", callbackURL: "/" });
  const back = await provider.signIn(String(begun.json["url"]), "ada");
  const comeBack = async (cookie: string): Promise<Browser> => {
    const stranger = new Browser(node);
    stranger.keep((await fetch(back, { redirect: "manual", headers: { cookie } })).headers);
    return stranger;
  };
  // Another browser has not the cookie that the sign-in began with.
  expect((await (await comeBack("")).call("account.get")).status).toBe(401);
  const cookie = browser.headers["cookie"] ?? "";
  expect((await (await comeBack(cookie)).call("account.get")).status).toBe(200);
  expect((await (await comeBack(cookie)).call("account.get")).status).toBe(401);
  for (const callbackURL of ["https://evil.example/", "//evil.example", "/\\evil.example"])
    expect((await browser.post("sign-in/social", { provider: "oidc", callbackURL })).status).toBe(400);
  const token = { provider: "oidc", idToken: { token: "x.y.z" } };
  expect((await browser.post("sign-in/social", token)).status).toBe(400);
});

test("who is disabled comes in by the provider no more, and new people only where that is set", async () => {
  await using scene = await stage(["--oidc-sign-up=false"]);
  const { node } = scene;
  const stranger = new Browser(node);
  const refused = await signOn(scene, stranger, "eve");
  expect(refused.headers.get("location")).toContain("error=");
  expect((await stranger.call("account.get")).status).toBe(401);
  await using open = await stage();
  const [ada, olga] = [new Browser(open.node), new Browser(open.node)];
  await signOn(open, ada, "ada");
  await olga.signUp("olga", { invite: await ownerToken(open.node) });
  const { id } = await ada.ask<{ id: string }>("account.get");
  await olga.ask("user.disable", { user: id });
  await signOn(open, ada, "ada");
  expect((await ada.call("account.get")).status).toBe(401);
});

test("a provider that is away at first is asked again, and everything else goes on without it", async () => {
  await using scene = await stage();
  const { node, provider } = scene;
  await provider[Symbol.asyncDispose]();
  const begin = async (): Promise<number> =>
    (await new Browser(node).post("sign-in/social", { provider: "oidc", callbackURL: "/" })).status;
  expect(await begin()).toBe(503);
  expect((await new Browser(node).signIn("nobody")).status).toBe(401);
  const port = Number(new URL(provider.issuer).port);
  await using back = await startOidc(() => `${node.url}/api/auth/callback/oidc`, port);
  expect(back.issuer).toBe(provider.issuer);
  await eventually(async () => (await begin()) === 200, "the provider's page", 10_000);
});
