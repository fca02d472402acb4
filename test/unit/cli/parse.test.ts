import { expect, test } from "bun:test";
import { parseCommandLine } from "../../../src/cli/parse.ts";
import { OperatorError } from "../../../src/lib/operator-error.ts";

const grammar = {
  commands: {
    serve: {
      flags: [
        { name: "port", takesValue: true },
        { name: "open", takesValue: false },
      ],
    },
    version: { flags: [] },
  },
  fallback: "serve",
};

function mistakeOf(...argv: string[]): string {
  try {
    parseCommandLine(argv, grammar);
  } catch (error) {
    expect(error).toBeInstanceOf(OperatorError);
    expect((error as OperatorError).exitCode).toBe(2);
    return (error as OperatorError).message;
  }
  return "";
}

test("a command, its flags and their values are read, and serve is the command where none is named", () => {
  const serve = { kind: "run", command: "serve" } as const;
  expect(parseCommandLine([], grammar)).toEqual({ ...serve, flags: {} });
  expect(parseCommandLine(["serve", "--port", "1", "--open"], grammar)).toEqual({
    ...serve,
    flags: { port: ["1"], open: ["true"] },
  });
  expect(parseCommandLine(["--open=false", "--port=2"], grammar)).toEqual({
    ...serve,
    flags: { port: ["2"], open: ["false"] },
  });
  expect(parseCommandLine(["--port", "1", "--port", "2"], grammar)).toEqual({ ...serve, flags: { port: ["1", "2"] } });
  expect(parseCommandLine(["--port", "-1"], grammar)).toEqual({ ...serve, flags: { port: ["-1"] } });
  expect(parseCommandLine(["--port="], grammar)).toEqual({ ...serve, flags: { port: [""] } });
  expect(parseCommandLine(["version"], grammar)).toEqual({ kind: "run", command: "version", flags: {} });
});

test("help is asked for in every usual way, for all commands or for one", () => {
  for (const argv of [["--help"], ["-h"], ["help"], ["--port", "1", "-h"]]) {
    expect(parseCommandLine(argv, grammar)).toEqual({ kind: "help", command: undefined });
  }
  for (const argv of [
    ["serve", "--help"],
    ["serve", "-h"],
    ["help", "serve"],
    ["serve", "--nonsense", "--help"],
  ]) {
    expect(parseCommandLine(argv, grammar)).toEqual({ kind: "help", command: "serve" });
  }
  expect(parseCommandLine(["--version"], grammar)).toEqual({ kind: "version" });
  expect(parseCommandLine(["-v"], grammar)).toEqual({ kind: "version" });
});

test("a word that is not known is answered with the one that was probably meant", () => {
  expect(mistakeOf("srve")).toBe("Unknown command: srve. Did you mean serve? See confab --help.");
  expect(mistakeOf("help", "srve")).toContain("Did you mean serve?");
  expect(mistakeOf("banana")).toBe("Unknown command: banana. See confab --help.");
  expect(mistakeOf("serve", "--prot", "1")).toBe("Unknown flag: --prot. Did you mean --port? See confab serve --help.");
  expect(mistakeOf("version", "--port", "1")).toBe("Unknown flag: --port. See confab version --help.");
  expect(mistakeOf("-p", "1")).toContain("Unknown flag: -p.");
  expect(mistakeOf("constructor")).toContain("Unknown command: constructor.");
  expect(mistakeOf("--constructor")).toContain("Unknown flag: --constructor.");
});

test("a word in the wrong place is answered with the right one", () => {
  expect(mistakeOf("--port", "1", "version")).toContain("The command comes first: confab version");
  expect(mistakeOf("serve", "8000")).toContain('Did not expect "8000" there');
  expect(mistakeOf("--open", "false")).toContain('Did not expect "false" there');
  expect(mistakeOf("--port")).toBe("--port wants a value after it. See confab --help.");
  expect(mistakeOf("--port", "--open")).toBe("--port wants a value after it, got --open. See confab --help.");
  expect(mistakeOf("--", "x")).toContain('Did not expect "x" there');
});
