import { expect, test } from "bun:test";
import { connectSdk } from "../centrifuge.ts";
import { connectRaw, openRaw } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { post } from "../http-client.ts";
import { hostKey, inSeconds, jwtSecret, signed, unsigned } from "../tokens.ts";

const secret = { CONFAB_JWT_SECRET: jwtSecret };

function named(name: string): { sub: string; info: { name: string } } {
  return { sub: name, info: { name } };
}

/** How a connect with a token ends: the user's name, an error's code, or the code of the close. */
async function outcome(node: ChatNode, token: string): Promise<string | number> {
  await using client = await openRaw(node);
  const reply = client.request("connect", { token }).then(
    (told) => told.error?.code ?? told.connect?.data.user.name ?? "nothing",
    async () => (await client.closed).code,
  );
  return await reply;
}

test("a token signed with the secret signs its user in, the same user each time", async () => {
  await using node = await startNode({ env: secret });
  const token = await signed({ sub: "42", info: { name: "Grace" } });
  using sdk = await connectSdk(node, { token });
  expect(sdk.data.user.name).toBe("Grace");
  expect(sdk.data).not.toHaveProperty("token");
  expect(sdk.data.user.id).toMatch(/^[a-z0-9]{20}$/);
  await node.restart();
  await using raw = await connectRaw(node, { token: await signed({ sub: "42" }) });
  expect(raw.user).toBe(sdk.data.user.id);
  expect(raw.connected).toMatchObject({ expires: true, ping: 9, pong: true });
  expect(raw.connected?.ttl).toBeGreaterThan(3590);
  expect(raw.connected?.ttl).toBeLessThanOrEqual(3600);
  // Another issuer's 42 is somebody else.
  await using other = await connectRaw(node, { token: await signed({ sub: "42", iss: "elsewhere" }) });
  expect(other.user).not.toBe(raw.user);
});

test("an expired token is told 109, and one that is no good ends the connection for good", async () => {
  await using node = await startNode({ env: secret, args: ["--open"] });
  expect(await outcome(node, await signed({ sub: "1", exp: inSeconds(-5) }))).toBe(109);
  const bad = {
    "another secret": await signed({ sub: "1" }, "not the secret of this server, but as long"),
    "no exp": await signed({ sub: "1", exp: undefined }),
    "no sub": await signed({}),
    "an empty sub": await signed({ sub: "" }),
    "nobody's signature": unsigned({ sub: "1" }),
    "HS256 without a signature": unsigned({ sub: "1" }, "HS256"),
    "another algorithm": await (await hostKey("RS256")).sign({ sub: "1" }),
    "not yet valid": await signed({ sub: "1", nbf: inSeconds(600) }),
    "no token at all": "nonsense",
  };
  for (const [what, token] of Object.entries(bad)) expect([what, await outcome(node, token)]).toEqual([what, 3500]);
});

test("an audience and an issuer are checked where they are configured", async () => {
  const env = { ...secret, CONFAB_JWT_AUDIENCE: "chat", CONFAB_JWT_ISSUER: "host" };
  await using node = await startNode({ env });
  expect(await outcome(node, await signed({ ...named("a"), aud: "chat", iss: "host" }))).toBe("a");
  expect(await outcome(node, await signed({ ...named("a"), aud: ["x", "chat"], iss: "host" }))).toBe("a");
  expect(await outcome(node, await signed({ ...named("a"), iss: "host" }))).toBe(3500);
  expect(await outcome(node, await signed({ ...named("a"), aud: "shop", iss: "host" }))).toBe(3500);
  expect(await outcome(node, await signed({ ...named("a"), aud: "chat", iss: "other" }))).toBe(3500);
});

test("a public key takes its own algorithm's tokens and no others", async () => {
  for (const algorithm of ["RS256", "ES256"] as const) {
    const key = await hostKey(algorithm);
    const stranger = await hostKey(algorithm);
    await using node = await startNode({ env: { CONFAB_JWT_PUBLIC_KEY: key.pem } });
    expect(await outcome(node, await key.sign(named("ada")))).toBe("ada");
    expect(await outcome(node, await stranger.sign({ sub: "ada" }))).toBe(3500);
    // The well-known confusion: the public key taken for an HMAC secret.
    expect(await outcome(node, await signed({ sub: "ada" }, key.pem))).toBe(3500);
  }
});

test("a key set is fetched from its address, and its keys are told apart by their ids", async () => {
  const rsa = await hostKey("RS256", "one");
  const ec = await hostKey("ES256", "two");
  const missing = await hostKey("ES256", "three");
  let asked = 0;
  using keys = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch() {
      asked++;
      return Response.json({ keys: [rsa.jwk, ec.jwk] });
    },
  });
  await using node = await startNode({ env: { CONFAB_JWKS_URL: `http://127.0.0.1:${keys.port}/keys` } });
  expect(await outcome(node, await rsa.sign(named("r")))).toBe("r");
  expect(await outcome(node, await ec.sign(named("e")))).toBe("e");
  expect(await outcome(node, await missing.sign({ sub: "m" }))).toBe(3500);
  expect(asked).toBe(1);
});

test("a bad token is refused to each of the requests that bring it at once", async () => {
  await using node = await startNode({ env: secret });
  const token = await signed({ sub: "42" }, `${jwtSecret} of somebody else`);
  const answers = await Promise.all(Array.from({ length: 20 }, () => post(node, "room.list", { token, body: {} })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
});
