import { expect, test } from "bun:test";
import { Passwords } from "../../../src/chat/passwords.ts";
import { ChatError } from "../../../src/protocol/errors.ts";

test("a hash is argon2id with the cost that is promised, and only its password fits", async () => {
  const passwords = new Passwords();
  const hash = await passwords.hash("correct horse battery");
  expect(hash).toStartWith("$argon2id$v=19$m=19456,t=2,p=1$");
  expect(await passwords.verify("correct horse battery", hash)).toBe(true);
  expect(await passwords.verify("Correct horse battery", hash)).toBe(false);
  expect(await passwords.verify("correct horse battery", "no hash")).toBe(false);
});

test("past a hundred who wait, one is told at once to come back, and all others are answered", async () => {
  const passwords = new Passwords();
  const done: number[] = [];
  // A hash that is none is refused without the work of one.
  const asked = Array.from({ length: 102 }, (_, at) => passwords.verify("x", "none").then(() => done.push(at)));
  const refusal = await passwords.verify("x", "none").catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(ChatError);
  expect((refusal as ChatError).code).toBe("overloaded");
  await Promise.all(asked);
  expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 102 }, (_, at) => at));
  expect(await passwords.verify("x", "none")).toBe(false);
});
