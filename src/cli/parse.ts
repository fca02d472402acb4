import { parseArgs } from "node:util";
import { OperatorError } from "../lib/operator-error.ts";
import { unknown } from "../lib/settings.ts";
import type { Flag } from "./command.ts";

/** What somebody typed after `confab`. */
export type CommandLine =
  | {
      readonly kind: "run";
      readonly command: string;
      readonly word?: string;
      readonly flags: Readonly<Record<string, readonly string[]>>;
    }
  | { readonly kind: "help"; readonly command: string | undefined }
  | { readonly kind: "version" };

export interface Grammar {
  readonly commands: Readonly<Record<string, { readonly flags: readonly Flag[]; readonly words?: readonly string[] }>>;
  /** The command that runs where none is named. */
  readonly fallback: string;
}

/**
 * Reads `confab [command [word]] [--flag value]`. Throws an OperatorError with one sentence for a word that is not known or
 * stands in the wrong place. Flags repeated are kept in their order: a list is fine with that, the rest says so itself.
 */
export function parseCommandLine(argv: readonly string[], { commands, fallback }: Grammar): CommandLine {
  const [first] = argv;
  const named = first !== undefined && !first.startsWith("-");
  const command = named ? first : fallback;
  if (first === "help") {
    return { kind: "help", command: argv[1] === undefined ? undefined : knownCommand(argv[1], commands) };
  }
  knownCommand(command, commands);
  const known = commands[command]?.flags ?? [];
  const word = named ? wordOf(argv[1], commands[command]?.words) : undefined;
  const { tokens } = parseArgs({
    args: named ? argv.slice(word === undefined ? 1 : 2) : [...argv],
    options: Object.fromEntries([
      ...known.map(({ name, takesValue }) => [name, { type: takesValue ? "string" : "boolean" }] as const),
      ["help", { type: "boolean", short: "h" }] as const,
      ["version", { type: "boolean", short: "v" }] as const,
    ]),
    strict: false,
    tokens: true,
  });
  if (tokens.some((token) => token.kind === "option" && token.name === "help")) {
    return { kind: "help", command: named ? command : undefined };
  }
  if (tokens.some((token) => token.kind === "option" && token.name === "version")) {
    return { kind: "version" };
  }
  const flags: Record<string, string[]> = {};
  for (const token of tokens) {
    if (token.kind === "positional") {
      throw misplaced(token.value, named, commands);
    }
    if (token.kind === "option") {
      const flag = known.find(({ name }) => token.rawName === `--${name}`);
      if (flag === undefined) {
        const words = known.map(({ name }) => `--${name}`);
        throw usage(unknown("flag", token.rawName, words), `confab ${command} --help`);
      }
      (flags[flag.name] ??= []).push(valueOf(token.value, token.inlineValue === true, flag));
    }
  }
  return { kind: "run", command, ...(word === undefined ? {} : { word }), flags };
}

/** The word behind the command, where it takes one. */
function wordOf(given: string | undefined, words: readonly string[] | undefined): string | undefined {
  if (words === undefined || given === undefined || given.startsWith("-")) return undefined;
  if (!words.includes(given)) throw usage(unknown("word", given, words));
  return given;
}

function valueOf(value: string | undefined, inline: boolean, flag: Flag): string {
  if (!flag.takesValue) {
    return value ?? "true";
  }
  if (value === undefined || (!inline && value.startsWith("--"))) {
    throw usage(`--${flag.name} wants a value after it${value === undefined ? "" : `, got ${value}`}.`);
  }
  return value;
}

function knownCommand(word: string, commands: Grammar["commands"]): string {
  if (!Object.hasOwn(commands, word)) {
    throw usage(unknown("command", word, Object.keys(commands)));
  }
  return word;
}

function misplaced(word: string, named: boolean, commands: Grammar["commands"]): OperatorError {
  return !named && Object.hasOwn(commands, word)
    ? usage(`The command comes first: confab ${word} …, then the flags.`)
    : usage(`Did not expect ${JSON.stringify(word)} there: values follow a flag, as in --port 8000.`);
}

function usage(sentence: string, help = "confab --help"): OperatorError {
  return new OperatorError(`${sentence} See ${help}.`, { exitCode: 2 });
}
