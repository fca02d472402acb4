import { expect, test } from "bun:test";
import {
  emailSchema,
  noEmail,
  passwordSchema,
  sessionTokenShape,
  usernameSchema,
} from "../../../src/protocol/account-fields.ts";

test("user names are lower case, and two of them never look alike by case, space or script alone", () => {
  const good = { " Ada ": "ada", "a.b-c_9": "a.b-c_9", "0a": "0a" };
  for (const [given, kept] of Object.entries(good)) expect(usernameSchema.parse(given)).toBe(kept);
  for (const bad of ["a", "a".repeat(31), "_a", ".a", "a b", "аda", "ada\u200b", "a/b", "$cli", "a@b"])
    expect({ bad, fits: usernameSchema.safeParse(bad).success }).toEqual({ bad, fits: false });
});

test("an address that stands for none is nobody's to choose", () => {
  expect(emailSchema.parse("Ada@Example.com")).toBe("ada@example.com");
  for (const bad of [noEmail("ada"), "x@oidc.invalid", "X@a.INVALID", "ada", "a@b", `${"a".repeat(250)}@example.com`])
    expect({ bad, fits: emailSchema.safeParse(bad).success }).toEqual({ bad, fits: false });
});

test("passwords have a length, and tokens one shape that no other kind of token has", () => {
  expect([9, 10, 256, 257].map((length) => passwordSchema.safeParse("p".repeat(length)).success)).toEqual([
    false,
    true,
    true,
    false,
  ]);
  for (const other of ["guest_" + "a".repeat(26), "key_" + "a".repeat(28), `${"a".repeat(15)}.${"b".repeat(16)}`])
    expect(sessionTokenShape.test(other)).toBe(false);
});
