/** People with accounts, as their browsers and programs sign them in. */

import type { ChatNode } from "./harness.ts";
import { eventually, openRaw, type ConnectOptions, type RawClient } from "./client.ts";
import { post, type HttpAnswer } from "./http-client.ts";

export const password = "correct horse battery";

export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Record<string, unknown>;
}

/** The link that the server printed for its owner. */
export async function ownerToken(node: { readonly printed: string }): Promise<string> {
  const found = (): string | undefined => [...node.printed.matchAll(/#owner=([\w-]+)/g)].at(-1)?.[1];
  await eventually(() => found() !== undefined, "the owner's link");
  return found() ?? "";
}

/** A browser with its cookies, on a page of the server (or of another origin). */
export class Browser {
  readonly node: Pick<ChatNode, "url" | "ws">;
  origin: string | undefined;
  readonly cookies = new Map<string, string>();
  /** The `Set-Cookie` headers that came, as they came. */
  readonly given: string[] = [];

  constructor(node: Pick<ChatNode, "url" | "ws">, origin: string | undefined = node.url) {
    this.node = node;
    this.origin = origin;
  }

  get headers(): Record<string, string> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return {
      ...(cookie === "" ? {} : { cookie }),
      ...(this.origin === undefined ? {} : { origin: this.origin }),
    };
  }

  keep(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      this.given.push(line);
      const [pair = "", ...attributes] = line.split("; ");
      const at = pair.indexOf("=");
      const gone = attributes.some((one) => /^max-age=0$/i.test(one)) || pair.slice(at + 1) === "";
      if (gone) this.cookies.delete(pair.slice(0, at));
      else this.cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
  }

  async post(way: string, body: object = {}, headers: Record<string, string> = {}): Promise<Told> {
    const response = await fetch(`${this.node.url}/api/auth/${way}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...this.headers, ...headers },
      body: JSON.stringify(body),
    });
    this.keep(response.headers);
    const text = await response.text();
    const json = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
    return { status: response.status, headers: response.headers, json };
  }

  signUp(username: string, more: object = {}): Promise<Told> {
    return this.post("sign-up", { username, password, ...more });
  }

  signIn(username: string, given = password): Promise<Told> {
    return this.post("sign-in/username", { username, password: given });
  }

  /** An operation over HTTP with the cookie. */
  call(operation: string, body: object = {}): Promise<HttpAnswer> {
    return post(this.node, operation, { body, headers: this.headers });
  }

  /** An operation's output; throws for an error. */
  async ask<T = Record<string, unknown>>(operation: string, body: object = {}): Promise<T> {
    const answer = await this.call(operation, body);
    if (answer.status !== 200) throw new Error(`${operation}: ${answer.status} ${answer.text}`);
    return answer.json as T;
  }

  /** A socket that signs in by the cookie. */
  async connect(options: ConnectOptions = {}): Promise<RawClient> {
    const client = await this.open();
    await client.connect(options);
    return client;
  }

  open(): Promise<RawClient> {
    return openRaw(this.node, { headers: this.headers });
  }
}

/** A program: no Origin, no cookies, a token. */
export async function programSignIn(node: { readonly url: string }, username: string): Promise<string> {
  const response = await fetch(`${node.url}/api/auth/sign-in/username`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username, password }),
  });
  const { token } = (await response.json()) as { token?: string };
  if (token === undefined) throw new Error(`Expected a token; got ${response.status}`);
  return token;
}

/** The code that an authenticator app shows now (RFC 6238). */
export function totp(uri: string, at_ms = Date.now()): string {
  const secret = new URL(uri).searchParams.get("secret") ?? "";
  const bits = Array.from(secret.replace(/=+$/, ""), (char) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(char).toString(2).padStart(5, "0"),
  );
  const bytes = (bits.join("").match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at_ms / 30_000)));
  const mac = new Bun.CryptoHasher("sha1", Buffer.from(bytes)).update(counter).digest();
  const offset = (mac[19] ?? 0) & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
