import { expect, test } from "bun:test";
import { ConfigError, readConfig } from "../../src/config.ts";

function mistakes(flags: Record<string, string>, env: Record<string, string> = {}): string {
  const given = Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, [value]]));
  try {
    readConfig({ flags: given, env, readFile: () => "" });
    return "";
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

test("settings of mail and single sign-on belong together, and what is missing is named", () => {
  expect(mistakes({ "smtp-url": "smtp://mail:587" })).toContain("smtp_url is set, but smtp_from is not");
  expect(mistakes({ "smtp-url": "smtp://mail", "smtp-from": "Chat <a@b.example>", "smtp-user": "u" })).toContain(
    "smtp_user is set, but smtp_password is not",
  );
  const oidc = mistakes({ "oidc-issuer": "https://id.example" });
  expect(oidc).toContain("oidc_client_id is not");
  expect(oidc).toContain("oidc_client_secret is not");
  const whole = { "oidc-issuer": "https://id.example", "oidc-client-id": "confab" };
  expect(mistakes(whole, { CONFAB_OIDC_CLIENT_SECRET: "s" })).toBe("");
  expect(mistakes({ "smtp-url": "smtps://mail", "smtp-from": "a@b.example" })).toBe("");
});

test("a secret in an address, or a sender that breaks a letter's head, is a mistake", () => {
  expect(mistakes({ "smtp-url": "smtp://user:secret@mail", "smtp-from": "a@b.example" })).toContain("smtp_url");
  expect(mistakes({ "smtp-url": "smtp://mail", "smtp-from": "a@b.example\r\nBcc: c@d.example" })).toContain(
    "smtp_from",
  );
  expect(mistakes({}, { CONFAB_ACCOUNT_SECRET: "short" })).toContain("at least 32 characters");
});
