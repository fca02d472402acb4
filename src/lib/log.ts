import type { Clock } from "./clock.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** What an event is about. An Error is welcome: it is written as its message, its causes and, in JSON, its stack. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * The server's log: one line an event, the event in a few words without values, the values in fields.
 * No secret, no token and no word of a message may be among the fields: nothing here can take them out again.
 */
export interface Log {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
  /** The same log with these fields on every line. */
  child(fields: Fields): Log;
}

export interface LogOptions {
  /** The lowest level that is written. */
  readonly level: LogLevel;
  /** JSON is one object a line, for machines; text is for a terminal. */
  readonly format: "json" | "text";
  /** Takes a line without its end. It must not throw. */
  readonly write: (line: string) => void;
  readonly clock: Pick<Clock, "now">;
}

const string_chars_max = 4_000;
const depth_max = 4;
const items_max = 50;

/** Never throws, whatever the fields hold: a log that fails would hide what it was called for. */
export function createLog(options: LogOptions): Log {
  return new LineLog(options, {});
}

class LineLog implements Log {
  readonly #options: LogOptions;
  readonly #fields: Fields;
  readonly #lowest: number;

  constructor(options: LogOptions, fields: Fields) {
    this.#options = options;
    this.#fields = fields;
    this.#lowest = logLevels.indexOf(options.level);
  }

  debug(event: string, fields?: Fields): void {
    this.#line("debug", event, fields);
  }

  info(event: string, fields?: Fields): void {
    this.#line("info", event, fields);
  }

  warn(event: string, fields?: Fields): void {
    this.#line("warn", event, fields);
  }

  error(event: string, fields?: Fields): void {
    this.#line("error", event, fields);
  }

  child(fields: Fields): Log {
    return new LineLog(this.#options, { ...this.#fields, ...fields });
  }

  #line(level: LogLevel, event: string, fields: Fields | undefined): void {
    if (logLevels.indexOf(level) < this.#lowest) {
      return;
    }
    const { format, clock, write } = this.#options;
    const head = { time: new Date(clock.now()).toISOString(), level, event };
    const all = { ...this.#fields, ...fields };
    write(escapeControls(format === "json" ? jsonLine(head, all) : textLine(head, all)));
  }
}

interface Head {
  readonly time: string;
  readonly level: LogLevel;
  readonly event: string;
}

function jsonLine(head: Head, fields: Fields): string {
  // The head comes first for the eye, and again because its words win over fields of the same name.
  return JSON.stringify(Object.assign({ ...head }, plainFields(fields, true), head));
}

function textLine({ time, level, event }: Head, fields: Fields): string {
  let line = `${time.slice(11, 23)} ${level.toUpperCase().padEnd(5)} ${event}`;
  for (const [name, value] of Object.entries(plainFields(fields, false))) {
    line += ` ${name}=${typeof value === "string" && /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value)}`;
  }
  return line;
}

function plainFields(fields: Fields, stacks: boolean): Record<string, unknown> {
  try {
    return plain(fields, { stacks, depth: 0 }) as Record<string, unknown>;
  } catch (error) {
    return { unprintable: String(error) };
  }
}

interface Where {
  readonly stacks: boolean;
  readonly depth: number;
}

/** A copy of what JSON can say, bounded in depth, width and length. */
function plain(value: unknown, where: Where): unknown {
  switch (typeof value) {
    case "string":
      return value.length > string_chars_max ? `${value.slice(0, string_chars_max)}… (${value.length})` : value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
    case "undefined":
      return value;
    case "object":
      break;
    default:
      return String(value);
  }
  if (value === null) {
    return null;
  }
  if (where.depth > depth_max) {
    return "…";
  }
  const deeper = { ...where, depth: where.depth + 1 };
  if (value instanceof Error) {
    return plainError(value, deeper);
  }
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  }
  if (Array.isArray(value)) {
    return value.slice(0, items_max).map((item) => plain(item, deeper));
  }
  const copy: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value).slice(0, items_max)) {
    // Assigning to this one name would change the copy's prototype instead.
    if (name !== "__proto__") {
      copy[name] = plain(field, deeper);
    }
  }
  return copy;
}

function plainError(error: Error, where: Where): unknown {
  if (!where.stacks) {
    const cause = error.cause instanceof Error ? ` (because: ${String(plainError(error.cause, where))})` : "";
    return plain(`${error.message}${where.depth > depth_max ? "" : cause}`, where);
  }
  return {
    name: error.name,
    message: plain(error.message, where),
    ...("code" in error ? { code: plain(error.code, where) } : {}),
    stack: plain(error.stack, where),
    ...(error.cause === undefined ? {} : { cause: plain(error.cause, where) }),
  };
}

/**
 * Lines may hold text from strangers. JSON escapes the old control characters; this escapes the rest that can drive a
 * terminal, break a line or reorder it. The result is still the same JSON.
 */
function escapeControls(line: string): string {
  return line.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
