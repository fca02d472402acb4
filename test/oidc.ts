/** A real OpenID Connect provider on loopback, whose sign-in page takes whoever is named. */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";

export interface OidcServer extends AsyncDisposable {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Opens the provider's page as a browser would, signs in as somebody, and gives where it is sent back to. */
  signIn(url: string, subject: string): Promise<string>;
}

const clientId = "confab";
const clientSecret = "a secret of the client at the provider";
const hops_max = 12;

export async function startOidc(redirectUri: () => string, port = 0): Promise<OidcServer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let handle: ReturnType<Provider["callback"]> | undefined;
  // The client's address is known once the chat server listens.
  const provider = (): Provider =>
    new Provider(issuer, {
      clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri()] }],
      claims: { openid: ["sub"], profile: ["name", "preferred_username"], email: ["email"] },
      scopes: ["openid", "profile", "email"],
      findAccount: (_, id) => ({
        accountId: id,
        claims: () => ({ sub: id, name: `${id} of the house`, preferred_username: id, email: `${id}@example.com` }),
      }),
      pkce: { required: () => true },
      cookies: { keys: ["a key for tests"] },
      features: { devInteractions: { enabled: true } },
    });
  server.on("request", (request: IncomingMessage, response) => {
    handle ??= provider().callback();
    void handle(request, response);
  });
  return {
    issuer,
    clientId,
    clientSecret,
    signIn: (url, subject) => walk(url, { issuer, subject }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Follows redirects and fills the provider's forms until it sends the browser away. */
async function walk(url: string, { issuer, subject }: { issuer: string; subject: string }): Promise<string> {
  const cookies = new Map<string, string>();
  let request = new Request(url);
  for (let hop = 0; hop < hops_max; hop++) {
    if (!request.url.startsWith(issuer)) return request.url;
    request.headers.set("cookie", [...cookies].map(([name, value]) => `${name}=${value}`).join("; "));
    const response = await fetch(request, { redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ""] = line.split(";");
      cookies.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
    }
    const next = response.headers.get("location");
    if (next !== null) {
      request = new Request(new URL(next, request.url).href);
      continue;
    }
    const page = await response.text();
    const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1];
    if (action === undefined) throw new Error(`Expected a form; got ${response.status} ${page.slice(0, 500)}`);
    const prompt = page.includes('value="login"')
      ? { prompt: "login", login: subject, password: "any" }
      : { prompt: "consent" };
    request = new Request(new URL(action, request.url).href, {
      method: "POST",
      body: new URLSearchParams(prompt as Record<string, string>),
    });
  }
  throw new Error("The provider sent the browser on and on.");
}
