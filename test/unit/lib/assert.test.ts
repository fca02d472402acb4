import { expect, test } from "bun:test";
import { assert, unreachable } from "../../../src/lib/assert.ts";

test("an assertion that holds says nothing, one that does not throws its sentence", () => {
  assert(1 + 1 === 2, "arithmetic works");
  expect(() => assert("", "a name is filled")).toThrow("Assertion failed: a name is filled");
});

test("a case that the types rule out throws when it comes anyway", () => {
  expect(() => unreachable("surprise" as never)).toThrow('"surprise"');
});
