import { unreachable } from "./assert.ts";

/** What a text must be, in words that follow "expected", and whether it is. */
export interface Check {
  readonly expected: string;
  readonly test: (text: string) => boolean;
}

/** What the value of a setting may look like. */
export type Kind =
  | { readonly kind: "text"; readonly valid: Check }
  | { readonly kind: "list"; readonly valid: Check }
  | { readonly kind: "pem" }
  | { readonly kind: "ports" }
  | { readonly kind: "boolean" }
  | { readonly kind: "integer" | "bytes"; readonly min: number; readonly max: number }
  | { readonly kind: "choice"; readonly choices: readonly string[] };

/** A row of a table of settings. */
export type Setting = Kind & {
  /** As somebody would write it; undefined where the setting may stay without a value. */
  readonly default: string | undefined;
  /** What it does, for the person who sets it. */
  readonly sentence: string;
  /** A secret is not taken from the command line, which everybody on the machine can see, and never printed. */
  readonly secret?: true;
};

/** The type that a setting has in the code. */
export type ValueOf<Row extends Setting> = Row extends { kind: "boolean" }
  ? boolean
  : Row extends { kind: "integer" | "bytes" }
    ? number
    : Row extends { kind: "list" }
      ? readonly string[]
      : Row extends { kind: "ports" }
        ? readonly number[]
        : Row extends { kind: "choice"; choices: readonly (infer Choice)[] }
          ? Choice
          : Row extends { default: string }
            ? string
            : string | undefined;

export type Value = boolean | number | string | readonly string[] | readonly number[];

/** What the kind wants to see, in words that follow "expected". */
export function expected(row: Kind): string {
  switch (row.kind) {
    case "text":
      return row.valid.expected;
    case "list":
      return `a list of: ${row.valid.expected}`;
    case "pem":
      return "a public key as PEM, from -----BEGIN PUBLIC KEY----- to its end";
    case "ports":
      return "a list of ports from 0 to 65535";
    case "boolean":
      return "true or false";
    case "integer":
      return `a whole number from ${row.min} to ${row.max}`;
    case "bytes":
      return `a number of bytes from ${printBytes(row.min)} to ${printBytes(row.max)}, such as 32MiB`;
    case "choice":
      return `one of ${row.choices.join(", ")}`;
  }
}

/**
 * A setting's value from how it was written: one text, with commas where it is a list, or several, as a repeated flag or
 * a list in a file brings them. Undefined if it is not what `expected` says.
 */
export function parseValue(row: Kind, written: string | readonly string[]): Value | undefined {
  if (row.kind === "list" || row.kind === "ports") {
    const items = [written].flat().flatMap((text) => text.split(","));
    const filled = items.map((item) => item.trim()).filter((item) => item !== "");
    return row.kind === "list" ? all(filled, (item) => (row.valid.test(item) ? item : undefined)) : all(filled, port);
  }
  const text = typeof written === "string" ? written : written.length === 1 ? written[0] : undefined;
  return text === undefined ? undefined : parseText(row, text);
}

function parseText(row: Exclude<Kind, { kind: "list" | "ports" }>, text: string): Value | undefined {
  switch (row.kind) {
    case "text":
      return row.valid.test(text) ? text : undefined;
    case "pem": {
      // Variables of one line are how most platforms carry a key.
      const pem = text.replaceAll("\\n", "\n").trim();
      return /^-----BEGIN PUBLIC KEY-----[\sA-Za-z0-9+/=]+-----END PUBLIC KEY-----$/.test(pem) ? pem : undefined;
    }
    case "boolean":
      return text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : undefined;
    case "integer":
      return /^\d{1,15}$/.test(text) ? within(row, Number(text)) : undefined;
    case "bytes": {
      const [, amount, unit = "B"] = /^(\d{1,15}) ?([KMG]i)?B?$/i.exec(text) ?? [];
      const power = ["B", "KI", "MI", "GI"].indexOf(unit.toUpperCase());
      return amount === undefined ? undefined : within(row, Number(amount) * 1024 ** power);
    }
    case "choice":
      return row.choices.includes(text) ? text : undefined;
    default:
      return unreachable(row);
  }
}

/** A value as it could be written again. */
export function printValue(row: Kind, value: Value): string {
  return row.kind === "bytes" && typeof value === "number" ? printBytes(value) : String(value);
}

function printBytes(bytes: number): string {
  for (const [unit, size] of Object.entries({ GiB: 1024 ** 3, MiB: 1024 ** 2, KiB: 1024 })) {
    if (bytes >= size && bytes % size === 0) {
      return `${bytes / size}${unit}`;
    }
  }
  return String(bytes);
}

function within({ min, max }: { readonly min: number; readonly max: number }, value: number): number | undefined {
  return value >= min && value <= max ? value : undefined;
}

function port(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) ? within({ min: 0, max: 65_535 }, Number(text)) : undefined;
}

function all<T>(items: readonly string[], read: (item: string) => T | undefined): readonly T[] | undefined {
  const values = items.map(read);
  return values.every((value) => value !== undefined) ? Object.freeze(values) : undefined;
}
