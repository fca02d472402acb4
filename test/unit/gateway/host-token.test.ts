import { expect, test } from "bun:test";
import { SignJWT } from "jose";
import { HostTokens } from "../../../src/gateway/host-token.ts";
import { hostKey, jwtSecret, signed, unsigned } from "../../tokens.ts";

const now_s = Math.floor(Date.now() / 1000);
const rules = { secret: jwtSecret, audience: undefined, issuer: undefined };
const claims = { sub: "42", exp: now_s + 60 };

function withHeader(header: { alg: string; [name: string]: unknown }, payload: object = claims): Promise<string> {
  return new SignJWT({ ...payload }).setProtectedHeader(header).sign(new TextEncoder().encode(jwtSecret));
}

/** A token over any text whatever, with a good signature. */
function over(header: string, payload: string | Buffer): string {
  const text = `${Buffer.from(header).toString("base64url")}.${Buffer.from(payload).toString("base64url")}`;
  return `${text}.${new Bun.CryptoHasher("sha256", jwtSecret).update(text).digest("base64url")}`;
}

test("a plain token of the host is known at once, with all of its claims", async () => {
  const tokens = new HostTokens(rules);
  const all = {
    ...claims,
    info: { name: "Žofie" },
    channels: ["open:a"],
    iss: "host",
    aud: ["a", "b"],
    iat: 1,
    nbf: 1,
  };
  expect(tokens.claims(await signed(all), now_s)).toEqual(all);
  expect(tokens.claims(await withHeader({ alg: "HS256", typ: "JWT", kid: "1" }), now_s)).toEqual(claims);
});

test("a token is good until its exp and from its nbf on", async () => {
  const tokens = new HostTokens(rules);
  const token = await signed({ ...claims, nbf: now_s });
  const { exp } = claims;
  expect([now_s - 1, now_s, exp - 1, exp].map((at_s) => tokens.claims(token, at_s) !== undefined)).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test("nothing is said of a token that is not plain or not good", async () => {
  const tokens = new HostTokens(rules);
  const good = await signed(claims);
  const [header = "", payload = "", signature = ""] = good.split(".");
  const other: Record<string, string> = {
    "": "",
    "no dot": "nonsense",
    "one dot": `${header}.${payload}`,
    "four parts": `${good}.${signature}`,
    "no signature": `${header}.${payload}.`,
    "a padded signature": `${good}=`,
    "another secret": await signed(claims, "not the secret of this server, but as long"),
    "nobody's": unsigned(claims),
    "nobody's HS256": unsigned(claims, "HS256"),
    "another key": await (await hostKey("ES256")).sign(claims),
    "another payload": `${header}.${Buffer.from(JSON.stringify({ ...claims, sub: "1" })).toString("base64url")}.${signature}`,
    "another algorithm": over('{"alg":"HS384"}', JSON.stringify(claims)),
    "no algorithm": over('{"alg":"none"}', JSON.stringify(claims)),
    "something to understand": over('{"alg":"HS256","crit":["b64"],"b64":false}', JSON.stringify(claims)),
    "a header that is no object": over("[]", JSON.stringify(claims)),
    "claims that are no object": over('{"alg":"HS256"}', "[1]"),
    "claims that are no JSON": over('{"alg":"HS256"}', "{"),
    "claims that are no UTF-8": over('{"alg":"HS256"}', Buffer.from([0xff])),
    "no exp": await signed({ sub: "1", exp: undefined }),
    "an exp of text": over('{"alg":"HS256"}', `{"sub":"1","exp":"${claims.exp}"}`),
    "an exp without end": over('{"alg":"HS256"}', '{"sub":"1","exp":1e999}'),
    "an iat of text": over('{"alg":"HS256"}', `{"sub":"1","exp":${claims.exp},"iat":"1"}`),
    "no sub": await signed({ exp: claims.exp }),
    "an empty sub": await signed({ ...claims, sub: "" }),
    "a sub that is a number": over('{"alg":"HS256"}', `{"sub":1,"exp":${claims.exp}}`),
  };
  for (const [what, token] of Object.entries(other))
    expect([what, tokens.claims(token, now_s)]).toEqual([what, undefined]);
  expect(tokens.claims(good, now_s)).toEqual(claims);
});

test("a token is for the audience and from the issuer that are configured", async () => {
  const tokens = new HostTokens({ ...rules, audience: "chat", issuer: "host" });
  const meant = { ...claims, aud: "chat", iss: "host" };
  expect(tokens.claims(await signed(meant), now_s)).toEqual(meant);
  for (const change of [{ aud: "mail" }, { iss: "guest" }])
    expect(tokens.claims(await signed({ ...meant, ...change }), now_s)).toBeUndefined();
  expect(tokens.claims(await signed(claims), now_s)).toBeUndefined();
});
