/** The settings of accounts: a part of the table in `config.ts`. */

import { filled, httpAddress, strongSecret } from "./lib/setting-checks.ts";
import type { Check, Setting } from "./lib/setting-kinds.ts";

const smtp: Check = {
  expected: "smtp://host:587 or smtps://host:465, without a user and password (those are settings of their own)",
  test: (text) => /^smtps?:\/\/[^/?#@\s]+\/?$/.test(text) && URL.canParse(text),
};
const sender: Check = {
  expected: "an address such as chat@example.com, or a name with it: Chat <chat@example.com>",
  test: (text) => /^([^<>\r\n]+ )?<?[^\s@<>]+@[^\s@<>]+>?$/.test(text),
};
const word: Check = { expected: "a word such as profile", test: (text) => /^[\w.:/-]+$/.test(text) };

export const accountSettings = {
  sign_up: {
    kind: "choice",
    choices: ["open", "invite", "closed"],
    default: "closed",
    sentence: "Who may make an account: everybody, who has the link of an invitation, or nobody by themselves.",
  },
  session_days: {
    kind: "integer",
    min: 1,
    max: 365,
    default: "30",
    sentence: "Days after which a sign-in ends and the password is asked for again.",
  },
  account_secret: {
    kind: "text",
    valid: strongSecret,
    secret: true,
    default: undefined,
    sentence: "Encrypts second factors and signs cookies. Without it the database keeps one.",
  },
  sign_ins_per_address_max: {
    kind: "integer",
    min: 0,
    max: 1_000_000,
    default: "300",
    sentence: "Attempts to sign in, or to prove oneself otherwise, from one address in an hour; 0 for no limit.",
  },
  sign_ins_per_account_max: {
    kind: "integer",
    min: 0,
    max: 1_000_000,
    default: "30",
    sentence: "Failed attempts to sign in to one account in an hour; 0 for no limit.",
  },
  smtp_url: {
    kind: "text",
    valid: smtp,
    default: undefined,
    sentence: "Mail server for links to new passwords. Without it an administrator gives them.",
  },
  smtp_from: { kind: "text", valid: sender, default: undefined, sentence: "Sender of those mails." },
  smtp_user: { kind: "text", valid: filled, default: undefined, sentence: "User name at that mail server." },
  smtp_password: {
    kind: "text",
    valid: filled,
    secret: true,
    default: undefined,
    sentence: "Password at that mail server.",
  },
  oidc_issuer: {
    kind: "text",
    valid: httpAddress,
    default: undefined,
    sentence: "OpenID Connect provider for single sign-on, as its issuer; it must tell how it works (discovery).",
  },
  oidc_client_id: { kind: "text", valid: filled, default: undefined, sentence: "Client id at that provider." },
  oidc_client_secret: {
    kind: "text",
    valid: filled,
    secret: true,
    default: undefined,
    sentence: "Client secret at that provider.",
  },
  oidc_scopes: {
    kind: "list",
    valid: word,
    default: "openid,profile",
    sentence: "What the provider is asked to tell of people.",
  },
  oidc_sign_up: {
    kind: "boolean",
    default: "true",
    sentence: "Whoever the provider knows gets an account when they first come.",
  },
  oidc_name: { kind: "text", valid: filled, default: "Single sign-on", sentence: "What its button says." },
} as const satisfies Record<string, Setting>;

/** Each belongs to another one: what is wrong where that one is missing. */
export function accountContradictions(has: (name: string) => boolean): string[] {
  const mistakes: string[] = [];
  for (const [name, needs] of [
    ["smtp_url", "smtp_from"],
    ["smtp_from", "smtp_url"],
    ["smtp_user", "smtp_password"],
    ["smtp_password", "smtp_user"],
    ["smtp_user", "smtp_url"],
    ["oidc_issuer", "oidc_client_id"],
    ["oidc_issuer", "oidc_client_secret"],
    ["oidc_client_id", "oidc_issuer"],
    ["oidc_client_secret", "oidc_issuer"],
  ] as const) {
    if (has(name) && !has(needs)) mistakes.push(`${name} is set, but ${needs} is not: set both, or none.`);
  }
  return mistakes;
}
