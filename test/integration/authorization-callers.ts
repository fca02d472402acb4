/** Who asks in the authorization matrix: how they sign in, and what they are in a room. */

import type { Client } from "@libsql/client";
import { Browser, ownerToken, programSignIn, totp } from "../accounts.ts";
import { connectRaw } from "../client.ts";
import type { ChatNode } from "../harness.ts";
import { inSeconds, signed } from "../tokens.ts";

/** Who is nobody, for one reason or another; the last is the application's, whose tokens do not end with the account. */
export const outsiders = ["nobody", "expired", "forged", "revoked", "pending", "disabled", "disabled_host"] as const;
/** Places in a room, each of an account of its own; `elsewhere` is a member of another room. */
const accounts = [
  ...(["stranger", "member", "former", "banned", "muted", "moderator", "owner"] as const),
  ...(["elsewhere", "invited", "administrator"] as const),
] as const;
/** Keys with one scope each: of the room's owner, the last of an administrator. */
export const keys = ["key_read", "key_write", "key_moderate", "key_administer"] as const;
/** `host` is a member by a token of the application's, `grant` none, but the token lets it read the room. */
export const callers = [
  ...outsiders,
  ...accounts,
  ...(["server_owner", "guest", "host", "bot"] as const),
  ...keys,
  "grant",
] as const;
export type CallerKind = (typeof callers)[number];

/** What stands in `Authorization` or `connect.token`, and what a browser sends; undefined where the caller has none. */
export interface Credentials {
  readonly token: string | undefined;
  readonly cookie: string | undefined;
}

export interface Cast {
  readonly credentials: Readonly<Record<Exclude<CallerKind, "grant">, Credentials>>;
  /** `users.n` of those who have a place in rooms. */
  readonly n: ReadonlyMap<CallerKind, number>;
  /** `users.id`. */
  readonly ids: ReadonlyMap<CallerKind, string>;
}

interface Account extends Credentials {
  readonly browser: Browser;
  readonly id: string;
}

const none: Credentials = { token: undefined, cookie: undefined };

/** An account with a cookie and a token of its own. */
async function account(node: ChatNode, username: string, invite?: string): Promise<Account> {
  const browser = new Browser(node);
  const made = await browser.signUp(username, invite === undefined ? {} : { invite });
  if (made.status !== 200) throw new Error(`Expected an account ${username}; got ${JSON.stringify(made.json)}`);
  const token = await programSignIn(node, username);
  const { id } = await browser.ask<{ id: string }>("account.get");
  return { browser, id, token, cookie: browser.headers["cookie"] };
}

/** A browser that has given its password and not the code yet: it holds whatever cookies it was given. */
async function pendingOne(node: ChatNode): Promise<Credentials> {
  const { browser } = await account(node, "pending");
  const enabled = await browser.post("two-factor/enable", { password: "correct horse battery" });
  const { totpURI } = enabled.json as { totpURI: string };
  await browser.post("two-factor/verify-totp", { code: totp(totpURI) });
  const again = new Browser(node);
  await again.signIn("pending");
  const cookie = again.headers["cookie"] ?? "";
  // What stands in those cookies must not pass for a token either.
  const token = /=([^;.]+)/.exec(cookie)?.[1] ?? "x".repeat(32);
  return { token, cookie };
}

/** Signs everybody up and gives them their roles. */
export async function gather(node: ChatNode): Promise<Pick<Cast, "credentials" | "ids">> {
  const credentials: Partial<Record<CallerKind, Credentials>> = { nobody: none };
  const root = await account(node, "server_owner", await ownerToken(node));
  credentials.server_owner = root;
  const ids = new Map<CallerKind, string>([["server_owner", root.id]]);
  for (const kind of accounts) {
    const one = await account(node, kind);
    credentials[kind] = one;
    ids.set(kind, one.id);
  }
  const revoked = await account(node, "revoked");
  await revoked.browser.ask("session.end");
  await root.browser.ask("user.sign_out", { user: revoked.id });
  const disabled = await account(node, "disabled");
  await root.browser.ask("user.disable", { user: disabled.id });
  const administrator = credentials.administrator as Account;
  await root.browser.ask("user.role", { user: administrator.id, role: "administrator" });
  const bot = await root.browser.ask<{ id: string }>("bot.create", { name: "Bot" });
  const key = async (by: Account, scopes: string[], more: object = {}): Promise<Credentials> => {
    const asked = { name: scopes.join(), scopes, ...more };
    const made = await by.browser.ask<{ key: string }>("api_key.create", asked);
    return { token: made.key, cookie: undefined };
  };
  const owner = credentials.owner as Account;
  credentials.bot = await key(root, ["read", "write", "moderate", "administer"], { bot: bot.id });
  for (const scope of ["read", "write", "moderate"] as const) credentials[`key_${scope}`] = await key(owner, [scope]);
  credentials.key_administer = await key(administrator, ["administer"]);
  await using guest = await connectRaw(node);
  credentials.guest = { token: guest.connected?.data.token, cookie: undefined };
  credentials.host = { token: await signed({ sub: "host" }), cookie: undefined };
  await using host = await connectRaw(node, { token: credentials.host.token ?? "" });
  credentials.expired = { token: await signed({ sub: "host", exp: inSeconds(-60) }), cookie: undefined };
  const forged = "another secret of more than 32 characters";
  credentials.forged = {
    token: await signed({ sub: "host" }, forged),
    cookie: `confab.session_token=${"a".repeat(32)}.x`,
  };
  const shutOut = { token: await signed({ sub: "disabled_host" }), cookie: undefined };
  await using was = await connectRaw(node, { token: shutOut.token });
  await root.browser.ask("user.disable", { user: was.user });
  Object.assign(credentials, { disabled_host: shutOut });
  Object.assign(credentials, { revoked, disabled, pending: await pendingOne(node) });
  const others = { guest: guest.user, host: host.user, bot: bot.id, key_administer: administrator.id } as const;
  for (const [kind, id] of Object.entries(others)) ids.set(kind as keyof typeof others, id);
  for (const kind of ["key_read", "key_write", "key_moderate"] as const) ids.set(kind, owner.id);
  return { credentials: credentials as Cast["credentials"], ids };
}

/** The keys of those people's rows. */
export async function keysOf(client: Client, ids: ReadonlyMap<CallerKind, string>): Promise<Cast["n"]> {
  const { rows } = await client.execute("SELECT id, n FROM users");
  const keyed = new Map(rows.map(({ id, n }) => [id as string, Number(n)]));
  return new Map([...ids].map(([kind, id]) => [kind, keyed.get(id) ?? 0]));
}
