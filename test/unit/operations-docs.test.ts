/** What the files of docs/ for the one who runs the server name is really there. */

import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { commands } from "../../src/cli/commands.ts";
import { settings } from "../../src/config.ts";
import { errors } from "../../src/protocol/errors.ts";

const docs = join(import.meta.dir, "../../docs");
const read = (name: string): string => readFileSync(join(docs, name), "utf8");

test("every command, flag, file and code of the page is there", () => {
  const page = read("operations.md");
  const flags = new Set(Object.values(commands).flatMap((command) => command.flags.map(({ name }) => name)));
  const named = [...page.matchAll(/ --([a-z][a-z-]+)/g)].map(([, name = ""]) => name).filter((name) => name !== "help");
  expect(named.filter((name) => !flags.has(name))).toEqual([]);
  const words = [...page.matchAll(/confab (serve|doctor|token|backup|restore|verify|config|\w+) --/g)].map(
    ([, word = ""]) => word,
  );
  expect(words.filter((word) => !Object.hasOwn(commands, word))).toEqual([]);
  const files = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, path = ""]) => path);
  expect(files.filter((path) => !existsSync(join(docs, path)))).toEqual([]);
  for (const [, wire, name = ""] of page.matchAll(/(\d{3}) `([a-z_]+)`/g)) {
    expect(`${name} ${errors[name as keyof typeof errors].wire}`).toBe(`${name} ${wire}`);
  }
});

test("the table of settings is the one of the code", () => {
  const page = read("operations.md");
  const cells = [...page.slice(page.indexOf("## Settings")).matchAll(/^\| `([a-z_]+)` *\| *(.*?) *\| *(.*?) *\|$/gm)];
  const documented = cells.map(([, name, value = "", sentence]) => [name, value.replaceAll("`", ""), sentence]);
  const rows = Object.entries<{ default: string | undefined; sentence: string }>(settings);
  expect(documented).toEqual(rows.map(([name, row]) => [name, row.default ?? "", row.sentence]));
});

/** Flags of other programs in those files. */
const foreign = /^(config|now|system|uid|format|interval|timeout|start_period)$/;

test("the examples in docs/deploy use settings that exist", () => {
  for (const name of readdirSync(join(docs, "deploy"))) {
    const text = read(`deploy/${name}`);
    const flags = [...text.matchAll(/ --([a-z][a-z-]+)/g)].map(([, flag = ""]) => flag.replaceAll("-", "_"));
    const variables = [...text.matchAll(/CONFAB_([A-Z_]+)/g)].map(([, variable = ""]) => variable.toLowerCase());
    const ours = [...flags, ...variables].filter((word) => !foreign.test(word));
    expect({ name, unknown: ours.filter((word) => !Object.hasOwn(settings, word)) }).toEqual({ name, unknown: [] });
  }
});
