/** What docs/moderation.md names is really there. */

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createOperations } from "../../src/chat/operations.ts";
import { settings } from "../../src/config.ts";
import { closes } from "../../src/protocol/close.ts";
import { errors } from "../../src/protocol/errors.ts";
import { operationLimits } from "../../src/protocol/operation-limits.ts";
import { operationShapes, type OperationName } from "../../src/protocol/operations.ts";

const page = readFileSync(join(import.meta.dir, "../../docs/moderation.md"), "utf8");

test("its table of dear operations is the code's", () => {
  const rows = [...page.matchAll(/^\| `([a-z_.]+)` +\| ([\d,]+) +\|$/gm)];
  const documented = rows.map(([, name, calls = ""]) => [name, Number(calls.replaceAll(",", ""))]);
  expect(Object.fromEntries(documented)).toEqual({ ...operationLimits });
});

test("every operation in an example exists, and takes what it is given", () => {
  const examples = [...page.matchAll(/^api ([a-z_.]+) '(.*)'$/gm)];
  expect(examples.length).toBeGreaterThan(10);
  for (const [, name = "", input = ""] of examples) {
    const shape = operationShapes[name as keyof typeof operationShapes];
    expect([name, shape?.input.safeParse(JSON.parse(input)).success]).toEqual([name, true]);
  }
});

test("the key that it tells to make is good for every example", () => {
  const table = createOperations({} as Parameters<typeof createOperations>[0]);
  const scopes = new Set(
    [...page.matchAll(/^api ([a-z_.]+) '/gm)].map(([, name]) => table[name as OperationName].scope),
  );
  const [, told = ""] = /`api_key\.create`, scopes ([^)]+)\)/.exec(page) ?? [];
  expect([...scopes].toSorted()).toEqual(["administer", "moderate"]);
  for (const scope of scopes) expect(told).toContain(`\`${scope}\``);
});

test("every setting, operation and error that it names is there", () => {
  const words = [...page.matchAll(/`([a-z]+[_.][a-z_.]+)`/g)].map(([, word = ""]) => word);
  const outputs = ["expires_at", "slow_ms"];
  const known = new Set([
    ...Object.keys(settings),
    ...Object.keys(operationShapes),
    ...Object.keys(errors),
    ...outputs,
  ]);
  expect([...new Set(words)].filter((word) => !known.has(word))).toEqual([]);
  expect(page).toContain(String(closes.address_banned.code));
});
