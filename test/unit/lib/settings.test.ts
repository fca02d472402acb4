import { expect, test } from "bun:test";
import { expected, type Kind, parseValue, printValue } from "../../../src/lib/setting-kinds.ts";
import { readSettings, type Sources, type Table } from "../../../src/lib/settings.ts";

const table = {
  port: { kind: "integer", min: 0, max: 65_535, default: "8000", sentence: "" },
  names: {
    kind: "list",
    valid: { expected: "letters", test: (text) => /^[a-z]+$/.test(text) },
    default: "",
    sentence: "",
  },
  verbose: { kind: "boolean", default: "false", sentence: "" },
  size_max: { kind: "bytes", min: 0, max: 2 ** 40, default: "1MiB", sentence: "" },
  api_key: {
    kind: "text",
    valid: { expected: "4 letters", test: (text) => text.length === 4 },
    default: undefined,
    secret: true,
    sentence: "",
  },
} as const satisfies Table;

function read(sources: Partial<Sources>) {
  const { values, origins, mistakes } = readSettings(table, {
    flags: {},
    env: {},
    prefix: "APP_",
    others: [],
    ...sources,
  });
  return { values: Object.fromEntries(values), origins: Object.fromEntries(origins), mistakes };
}

test("each kind of value is read from text, and what it is not is refused", () => {
  const bytes: Kind = { kind: "bytes", min: 1, max: 2 ** 30 };
  const cases: [Kind, string | readonly string[], unknown][] = [
    [{ kind: "integer", min: 1, max: 9 }, "9", 9],
    [{ kind: "integer", min: 1, max: 9 }, "10", undefined],
    [{ kind: "integer", min: 0, max: 9 }, "-0", undefined],
    [{ kind: "integer", min: 0, max: 9 }, "1e0", undefined],
    [{ kind: "integer", min: 0, max: 9 }, "", undefined],
    [bytes, "512", 512],
    [bytes, "32KiB", 32_768],
    [bytes, "1 MiB", 1_048_576],
    [bytes, "1gi", 2 ** 30],
    [bytes, "2GiB", undefined],
    [bytes, "1MB", undefined],
    [{ kind: "boolean" }, "1", true],
    [{ kind: "boolean" }, "false", false],
    [{ kind: "boolean" }, "yes", undefined],
    [{ kind: "choice", choices: ["a", "b"] }, "b", "b"],
    [{ kind: "choice", choices: ["a", "b"] }, "B", undefined],
    [{ kind: "choice", choices: ["a", "b"] }, ["a", "b"], undefined],
    [{ kind: "ports" }, "8001, 8002", [8001, 8002]],
    [{ kind: "ports" }, ["8001", "8002,8003"], [8001, 8002, 8003]],
    [{ kind: "ports" }, "70000", undefined],
    [{ kind: "ports" }, "", []],
  ];
  for (const [kind, written, value] of cases) {
    expect(parseValue(kind, written)).toEqual(value as never);
  }
});

test("a key is taken with real line ends and with written ones", () => {
  const pem = "-----BEGIN PUBLIC KEY-----\nMCow+/==\n-----END PUBLIC KEY-----";
  expect(parseValue({ kind: "pem" }, `${pem}\n`)).toBe(pem);
  expect(parseValue({ kind: "pem" }, pem.replaceAll("\n", "\\n"))).toBe(pem);
  expect(parseValue({ kind: "pem" }, pem.replaceAll("PUBLIC", "PRIVATE"))).toBeUndefined();
});

test("bytes are printed in the largest unit that is exact", () => {
  const kind: Kind = { kind: "bytes", min: 0, max: 2 ** 40 };
  expect([0, 1_000, 1_024, 33_554_432, 2 ** 31].map((value) => printValue(kind, value))).toEqual([
    "0",
    "1000",
    "1KiB",
    "32MiB",
    "2GiB",
  ]);
  expect(expected(kind)).toBe("a number of bytes from 0 to 1024GiB, such as 32MiB");
});

test("a flag wins over the environment, that over the file, that over the default", () => {
  const file = { path: "app.json", content: { port: 3, size_max: "2MiB", names: ["c", "d"] } };
  const result = read({ flags: { port: ["1"] }, env: { APP_PORT: "2", APP_NAMES: "a,b" }, file });
  expect(result.values).toEqual({ port: 1, names: ["a", "b"], verbose: false, size_max: 2_097_152 });
  expect(result.origins).toEqual({ port: "--port", names: "APP_NAMES", size_max: "size_max in app.json" });
  expect(result.mistakes).toEqual([]);
});

test("an empty variable counts as none", () => {
  expect(read({ env: { APP_PORT: "", APP_API_KEY: "" } })).toMatchObject({ values: { port: 8000 }, mistakes: [] });
});

test("all mistakes are found together, each with what was expected, what came and the nearest name", () => {
  const file = { path: "app.json", content: { prot: 1, verbose: null, names: [["a"]], size_max: -1 } };
  const { mistakes } = read({
    flags: { port: ["x"] },
    env: { APP_VERBOS: "1", APP_CONFIG: "1", OTHER: "1" },
    others: ["APP_CONFIG"],
    file,
  });
  expect(mistakes).toEqual([
    "Unknown variable: APP_VERBOS. Did you mean APP_VERBOSE?",
    "Unknown setting in app.json: prot. Did you mean port?",
    '--port: expected a whole number from 0 to 65535, got "x".',
    "names in app.json: expected a list of: letters, got a list.",
    "verbose in app.json: expected true or false, got null.",
    'size_max in app.json: expected a number of bytes from 0 to 1024GiB, such as 32MiB, got "-1".',
  ]);
  expect(read({ file: { path: "app.json", content: [] } }).mistakes).toEqual([
    "app.json: expected an object with settings, got a list.",
  ]);
});

test("a flag that is given twice is a mistake, unless it is a list", () => {
  expect(read({ flags: { names: ["a", "b"] } }).values).toMatchObject({ names: ["a", "b"] });
  expect(read({ flags: { port: ["1", "2"] } }).mistakes).toEqual([
    '--port: expected a whole number from 0 to 65535, got ["1","2"].',
  ]);
});

test("a secret is never shown, and not taken from the command line", () => {
  const wrong = read({ env: { APP_API_KEY: "hunter2" } }).mistakes.join();
  expect(wrong).toContain("APP_API_KEY: expected 4 letters");
  expect(wrong).not.toContain("hunter2");
  const flag = read({ flags: { "api-key": ["abcd"] } });
  expect(flag.mistakes.join()).toContain("set APP_API_KEY instead");
  expect(flag.mistakes.join()).not.toContain("abcd");
  expect(flag.values).not.toHaveProperty("api_key");
});

test("names that every object has are no settings", () => {
  const file = { path: "app.json", content: JSON.parse('{"__proto__": {"port": 1}, "constructor": 1}') as unknown };
  const { values, mistakes } = read({ flags: {}, file });
  expect(values).toMatchObject({ port: 8000 });
  expect(mistakes).toHaveLength(2);
});
