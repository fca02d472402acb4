/** What the documentation says in tables, compared with the code that it describes. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { createOperations } from "../../src/chat/operations.ts";
import { settings } from "../../src/config.ts";
import { closes, unsubscribes } from "../../src/protocol/close.ts";
import { errors } from "../../src/protocol/errors.ts";
import { eventKinds } from "../../src/protocol/events.ts";
import * as limits from "../../src/protocol/limits.ts";
import { connectData, operationShapes } from "../../src/protocol/operations.ts";

const root = posix.join(import.meta.dir, "../..");
const read = (path: string): string => readFileSync(posix.join(root, path), "utf8");
const clients = read("docs/clients.md");

/** The text of a section: from its heading to the next one of the same rank. */
function section(text: string, heading: string): string {
  const start = text.indexOf(`\n## ${heading}\n`);
  const end = text.indexOf("\n## ", start + 1);
  return start === -1 ? "" : text.slice(start, end === -1 ? text.length : end);
}

/** The rows of the tables in a text, without their heads, as cells without backticks. */
function rows(text: string): string[][] {
  const lines = text.split("\n");
  const isRow = (line: string | undefined): boolean => line?.startsWith("|") === true;
  const isRule = (line: string | undefined): boolean => line !== undefined && /^\|[\s:|-]+\|$/.test(line);
  return lines
    .filter((line, at) => isRow(line) && !isRule(line) && !isRule(lines[at + 1]))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf("|"))
        .split("|")
        .map((cell) => cell.trim().replaceAll("`", "")),
    );
}

/** A code after which the Centrifuge SDKs do not come back. */
const isFinal = (code: number): boolean =>
  (code >= 3500 && code <= 3999) || (code >= 4500 && code <= 4999) || code === 1009;

describe("docs/clients.md", () => {
  test("its table of errors is the code's", () => {
    const expected = Object.entries(errors).map(([name, { wire, status, temporary, text }]) => [
      String(wire),
      name,
      String(status),
      temporary ? "yes" : "no",
      text,
    ]);
    expect(rows(section(clients, "Errors"))).toEqual(expected);
  });

  test("its table of closes is the code's, and says rightly after which to come back", () => {
    const documented = rows(section(clients, "Closes")).map((cells) => cells.slice(0, 4));
    const expected = Object.entries(closes).map(([name, { code, reason }]) => [
      String(code),
      name,
      reason,
      isFinal(code) ? "no" : "yes",
    ]);
    const byCode = (a: string[], b: string[]): number => Number(a[0]) - Number(b[0]);
    expect(documented.sort(byCode)).toEqual(expected.sort(byCode));
    for (const { code, reason } of Object.values(unsubscribes)) expect(clients).toContain(`${code} \`${reason}\``);
  });

  test("its table of limits is the code's", () => {
    const documented = rows(section(clients, "Limits")).map(([name, value]) => [
      name,
      Number(value?.replaceAll(",", "")),
    ]);
    expect(Object.fromEntries(documented)).toEqual({ ...limits });
  });

  test("its table of operations names each, its fields and its cost", () => {
    const documented = rows(section(clients, "Operations"));
    // The table is made without its parts being used: only costs are read here.
    const table = createOperations({} as Parameters<typeof createOperations>[0]);
    const expected = Object.keys(operationShapes).map((name) => [name, String(table[name as keyof typeof table].cost)]);
    expect(documented.map((cells) => [cells[0], cells[3]])).toEqual(expected);
    const fields = (shape: { shape: object }): string[] => Object.keys(shape.shape);
    for (const [name, { input, output }] of Object.entries(operationShapes)) {
      const row = documented.find((cells) => cells[0] === name) ?? [];
      const wanted = [...fields(input), ...(row[2]?.includes("the room") === true ? [] : fields(output))];
      expect({ name, missing: wanted.filter((field) => !row.slice(1, 3).join(" ").includes(field)) }).toEqual({
        name,
        missing: [],
      });
    }
  });

  test("it tells every kind of event and every key of connect's data", () => {
    const kinds = eventKinds.filter((kind) => kind !== "message" && !clients.includes(`\`${kind}\` (`));
    const keys = Object.keys(connectData.shape).filter((key) => !section(clients, "Connect").includes(`| \`${key}\``));
    expect({ kinds, keys }).toEqual({ kinds: [], keys: [] });
  });
});

test("docs/operations.md names every setting", () => {
  const operations = read("docs/operations.md");
  expect(Object.keys(settings).filter((name) => !new RegExp(`\\b${name}\\b`).test(operations))).toEqual([]);
});

test("docs/storage.md names every table", () => {
  const storage = read("docs/storage.md");
  const schemas = read("src/store/schema.ts") + read("src/store/accounts/schema.ts");
  const tables = [...schemas.matchAll(/sqliteTable\(\s*"(\w+)"/g)].map((found) => found[1]);
  expect(tables.length).toBeGreaterThan(0);
  expect(tables.filter((table) => !storage.includes(`\`${table}\``))).toEqual([]);
});

test("a link from one file of the repository to another leads somewhere", () => {
  const pages = ["*.md", "docs/**/*.md", "src/**/*.md", "bench/**/*.md"].flatMap((pattern) => [
    ...new Bun.Glob(pattern).scanSync({ cwd: root }),
  ]);
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map((found) => found[1] ?? "")
      .filter((link) => !/^(https?:|mailto:)/.test(link) && !leads(page, link))
      .map((link) => `${page}: ${link}`),
  );
  expect(broken).toEqual([]);
});

/** Whether the file is there, and in it the heading. */
function leads(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : posix.join(posix.dirname(page), path);
  if (!existsSync(posix.join(root, target))) return false;
  return anchor === undefined || headings(read(target)).has(anchor);
}

/** Headings as their anchors are spelt. */
function headings(text: string): Set<string> {
  const titles = [...text.matchAll(/^#+ (.+)$/gm)].map((found) => found[1] ?? "");
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}
