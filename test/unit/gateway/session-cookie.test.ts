import { describe, expect, test } from "bun:test";
import { ownOrigins, publicPlace } from "../../../src/gateway/public-place.ts";
import { sessionOf, sessionTokenIn } from "../../../src/gateway/session-cookie.ts";

const token = "a1B2".repeat(8);

describe("the token in a cookie", () => {
  test("is found among others, with better-auth's signature, and only under its own name", () => {
    const found: readonly (readonly [string | null, boolean, string | undefined])[] = [
      [`confab.session_token=${token}.c2ln%3D`, false, token],
      [`a=b; confab.session_token=${token}; c=d`, false, token],
      [`a=b;confab.session_token=${token}`, false, token],
      [`__Host-confab.session_token=${token}.x`, true, token],
      [`__Host-confab.session_token=${token}.x`, false, undefined],
      [`confab.session_token=${token}.x`, true, undefined],
      [`xconfab.session_token=${token}`, false, undefined],
      [`confab.session_token=${token}x`, false, undefined],
      ["confab.session_token=key_abc", false, undefined],
      ["confab.session_token=", false, undefined],
      ["", false, undefined],
      [null, false, undefined],
    ];
    for (const [header, secure, expected] of found)
      expect({ header, secure, token: sessionTokenIn(header, secure) }).toEqual({ header, secure, token: expected });
  });

  test("counts only with an Origin of ours", () => {
    const cookies = { secure: false, origins: () => new Set(["https://chat.example"]) };
    const ask = (origin: string | undefined): string | undefined =>
      sessionOf(
        new Request("http://x/", {
          headers: { cookie: `confab.session_token=${token}`, ...(origin === undefined ? {} : { origin }) },
        }),
        cookies,
      );
    expect(ask("https://chat.example")).toBe(token);
    for (const origin of [
      undefined,
      "null",
      "",
      "http://chat.example",
      "https://chat.example:444",
      "https://chat.example.evil",
    ])
      expect(ask(origin)).toBeUndefined();
  });
});

describe("our own origins", () => {
  const base = {
    publicUrl: undefined,
    allowed: ["app://host"],
    host: "127.0.0.1",
    tls: false,
    ports: () => [80, 8001],
  };

  test("are the public URL alone where it is set, with those that are listed", () => {
    expect([...ownOrigins({ ...base, publicUrl: "https://chat.example" })]).toEqual([
      "https://chat.example",
      "app://host",
    ]);
  });

  test("are this machine's names with its ports where it is not, and nothing that a request says", () => {
    const origins = ownOrigins({ ...base, host: "0.0.0.0" });
    expect([...origins].sort()).toEqual([
      "app://host",
      "http://127.0.0.1",
      "http://127.0.0.1:8001",
      "http://[::1]",
      "http://[::1]:8001",
      "http://localhost",
      "http://localhost:8001",
    ]);
    expect(ownOrigins({ ...base, host: "chat.lan", tls: true, ports: () => [443] }).has("https://chat.lan")).toBe(true);
  });

  test("the cookie is bound to https where people's browsers use it", () => {
    const secure = (publicUrl: string | undefined, tls: boolean): boolean =>
      publicPlace({ ...base, publicUrl, tls }).cookies.secure;
    expect([secure(undefined, false), secure(undefined, true)]).toEqual([false, true]);
    expect([secure("https://a.example", false), secure("http://a.example", true)]).toEqual([true, false]);
    expect(publicPlace({ ...base, host: "::" }).url()).toBe("http://localhost");
  });
});
