import { nearest } from "./nearest.ts";
import { expected, parseValue, type Setting, type Value } from "./setting-kinds.ts";

/** A table of settings, by their names in snake_case. */
export type Table = Readonly<Record<string, Setting>>;

/** Where the values come from. An earlier source wins over a later one. */
export interface Sources {
  /** What came with each flag, by the flag's name without dashes. A flag alone is "true". */
  readonly flags: Readonly<Record<string, readonly string[]>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What a variable of ours starts with: one that starts so and is not in the table is a mistake. */
  readonly prefix: string;
  /** Variables with that prefix that somebody else reads. */
  readonly others: readonly string[];
  /** A parsed configuration file. */
  readonly file?: { readonly path: string; readonly content: unknown };
}

export interface Reading {
  /** A value for each setting that has one. */
  readonly values: ReadonlyMap<string, Value>;
  /** The flag, variable or file that a value came from; nothing for a default. */
  readonly origins: ReadonlyMap<string, string>;
  /** Sentences for the person who wrote the values, none with a secret in it. */
  readonly mistakes: readonly string[];
}

export function flagOf(name: string): string {
  return name.replaceAll("_", "-");
}

export function variableOf(prefix: string, name: string): string {
  return prefix + name.toUpperCase();
}

/** Reads every setting of a table. It collects mistakes and throws none, so that they can be told together. */
export function readSettings(table: Table, sources: Sources): Reading {
  const mistakes = [...unknownVariables(table, sources), ...unknownNames(table, sources)];
  const values = new Map<string, Value>();
  const origins = new Map<string, string>();
  for (const [name, row] of Object.entries(table)) {
    const written = find(name, row, sources);
    if (written.mistake !== undefined) {
      mistakes.push(written.mistake);
      continue;
    }
    if (written.value === undefined) {
      continue;
    }
    const value = parseValue(row, written.value);
    if (value === undefined) {
      const came = row.secret ? "something else (not shown: it is a secret)" : shown(written.value);
      mistakes.push(`${written.origin ?? name}: expected ${expected(row)}, got ${came}.`);
      continue;
    }
    values.set(name, value);
    if (written.origin !== undefined) {
      origins.set(name, written.origin);
    }
  }
  return { values, origins, mistakes };
}

interface Written {
  readonly value?: string | readonly string[] | undefined;
  readonly origin?: string;
  readonly mistake?: string;
}

function find(name: string, row: Setting, { flags, env, prefix, file }: Sources): Written {
  const flag = flagOf(name);
  const variable = variableOf(prefix, name);
  const fromFlag = Object.hasOwn(flags, flag) ? flags[flag] : undefined;
  if (fromFlag !== undefined) {
    if (row.secret) {
      return { mistake: `--${flag} is a secret, and everybody on this machine sees flags: set ${variable} instead.` };
    }
    return { value: fromFlag, origin: `--${flag}` };
  }
  // Compose files and unit files pass a variable that is not set as an empty one.
  const fromEnv = env[variable];
  if (fromEnv !== undefined && fromEnv !== "") {
    return { value: fromEnv, origin: variable };
  }
  if (file !== undefined && isObject(file.content) && Object.hasOwn(file.content, name)) {
    const origin = `${name} in ${file.path}`;
    const value = writtenInJson(file.content[name]);
    return value === undefined
      ? { mistake: `${origin}: expected ${expected(row)}, got ${jsonType(file.content[name])}.` }
      : { value, origin };
  }
  return { value: row.default };
}

function unknownVariables(table: Table, { env, prefix, others }: Sources): string[] {
  const known = [...Object.keys(table).map((name) => variableOf(prefix, name)), ...others];
  return Object.keys(env)
    .filter((variable) => variable.startsWith(prefix) && !known.includes(variable))
    .map((variable) => unknown("variable", variable, known));
}

function unknownNames(table: Table, { file }: Sources): string[] {
  if (file === undefined) {
    return [];
  }
  if (!isObject(file.content)) {
    return [`${file.path}: expected an object with settings, got ${jsonType(file.content)}.`];
  }
  return Object.keys(file.content)
    .filter((name) => !Object.hasOwn(table, name))
    .map((name) => unknown(`setting in ${file.path}`, name, Object.keys(table)));
}

/** The sentence for a word that is not known, with the one that was probably meant. */
export function unknown(what: string, word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return `Unknown ${what}: ${word}.${meant === undefined ? "" : ` Did you mean ${meant}?`}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function writtenInJson(value: unknown): string | readonly string[] | undefined {
  if (Array.isArray(value)) {
    const items = value.map(scalar);
    return items.every((item) => item !== undefined) ? items : undefined;
  }
  return scalar(value);
}

function scalar(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}

function jsonType(value: unknown): string {
  return value === null
    ? "null"
    : Array.isArray(value)
      ? "a list"
      : typeof value === "object"
        ? "an object"
        : `${typeof value}`;
}

function shown(value: string | readonly string[]): string {
  const text = JSON.stringify(typeof value === "string" || value.length !== 1 ? value : value[0]);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
