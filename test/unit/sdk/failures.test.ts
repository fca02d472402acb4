import { expect, test } from "bun:test";
import { ChatError } from "../../../src/protocol/errors.ts";
import { ConnectionError, failureOf, isTemporary } from "../../../src/sdk/failures.ts";

test("an error reply becomes the outcome of the table, with its detail", () => {
  const failure = failureOf({ code: 107, message: "bad request: data: text is a string" });
  expect(failure).toBeInstanceOf(ChatError);
  expect(failure).toMatchObject({ code: "bad_request", detail: "data: text is a string" });
  expect(isTemporary(failure)).toBe(false);
  expect(isTemporary(failureOf({ code: 504, message: "outcome unknown", temporary: true }))).toBe(true);
});

test("no answer is a connection error, after which trying again helps", () => {
  for (const error of [
    { code: 1, message: "timeout" },
    { code: 11, message: "connection closed" },
    new TypeError("x"),
  ]) {
    expect(failureOf(error)).toBeInstanceOf(ConnectionError);
    expect(isTemporary(failureOf(error))).toBe(true);
  }
});

test("a code of a newer server is believed in whether it is temporary", () => {
  expect(isTemporary(failureOf({ code: 390, message: "new", temporary: true }))).toBe(true);
  expect(isTemporary(failureOf({ code: 390, message: "new" }))).toBe(false);
});
