/** What texts of settings may hold, for any program: addresses, names of hosts, paths, secrets. */

import { isIP } from "node:net";
import { isNetwork } from "./networks.ts";
import type { Check } from "./setting-kinds.ts";

export const origin: Check = {
  expected: "an origin such as https://chat.example.com, without a path",
  // Pages inside of apps have origins of their own schemes, which URL takes for opaque ones.
  test: (text) => (/^https?:/.test(text) ? httpOrigin.test(text) : /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+$/.test(text)),
};
export const httpOrigin: Check = {
  expected: origin.expected,
  test: (text) => /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text,
};
export const httpAddress: Check = {
  expected: "an address that starts with https:// or http://, without a user and password",
  test: (text) => /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).username === "",
};
export const host: Check = {
  expected: "an address or a host's name",
  test: (text) => isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text),
};
export const network: Check = { expected: "an address or a network such as 10.0.0.0/8", test: isNetwork };
export const filled: Check = { expected: "some text", test: (text) => text.trim() !== "" && !text.includes("\0") };
export const file: Check = { ...filled, expected: "a path" };
export const path: Check = { ...filled, expected: "the path of a folder" };
export const strongSecret: Check = {
  expected: "at least 32 characters (`openssl rand -base64 32` makes some)",
  test: (text) => text.length >= 32,
};
