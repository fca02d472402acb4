/**
 * JSON as text. What a sender published is stored and delivered as the bytes that came, so these functions find and
 * copy pieces of a text; they never parse a number or a string and never write one anew.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Index behind the string that starts at `start` (its opening quote); the text's length if it never ends. */
function stringEnd(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end === -1) return text.length;
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
}

/**
 * How a text is written, seen in one pass that is cheap and safe before `JSON.parse`: `deep` where an array or object lies
 * deeper than `nesting_max`, `loose` where there is whitespace outside of strings, which is nearly never, else `tight`.
 */
export function writingOf(text: string, nesting_max = Number.POSITIVE_INFINITY): "deep" | "loose" | "tight" {
  let depth = 0;
  let writing: "loose" | "tight" = "tight";
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) at = stringEnd(text, at) - 1;
    else if (char === OPEN_BRACE || char === OPEN_BRACKET) {
      if (++depth > nesting_max) return "deep";
    } else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) depth--;
    else if (char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09) writing = "loose";
  }
  return writing;
}

const insignificant = /"[^"\\]*(?:\\.[^"\\]*)*"|[ \t\n\r]+/g;

/** The same JSON text without insignificant whitespace. Strings and numbers keep their bytes. */
export function compact(text: string): string {
  if (writingOf(text) === "tight") return text;
  return text.replace(insignificant, (piece) => (piece.charCodeAt(0) === QUOTE ? piece : ""));
}

function skipWhitespace(text: string, start: number): number {
  let at = start;
  for (; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char !== 0x20 && char !== 0x0a && char !== 0x0d && char !== 0x09) break;
  }
  return at;
}

/** Index behind the value that starts at `start`; the text is known to be valid JSON. */
function valueEnd(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return stringEnd(text, start);
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) at = stringEnd(text, at) - 1;
    else if (char === OPEN_BRACE || char === OPEN_BRACKET) depth++;
    else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (char === COMMA && depth === 0) return at;
  }
  return text.length;
}

/** Whether a key, which may be written with escapes, is that name. */
function isKey(text: string, key: { start: number; end: number }, name: string): boolean {
  const { start, end } = key;
  if (end - start === name.length) return text.startsWith(name, start);
  // An escape makes a key longer, never shorter.
  if (end - start < name.length) return false;
  const written = text.slice(start, end);
  return written.includes("\\") && JSON.parse(`"${written}"`) === name;
}

/**
 * The text of one member of an object, or undefined. Of members with the same name the last counts, as in `JSON.parse`.
 * `text` must be valid JSON.
 */
export function memberText(text: string, name: string): string | undefined {
  let at = skipWhitespace(text, 0);
  if (text.charCodeAt(at) !== OPEN_BRACE) return undefined;
  let found: string | undefined;
  at = skipWhitespace(text, at + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = stringEnd(text, at);
    const isIt = isKey(text, { start: at + 1, end: keyEnd - 1 }, name);
    const colon = skipWhitespace(text, keyEnd);
    if (text.charCodeAt(colon) !== COLON) return undefined;
    const start = skipWhitespace(text, colon + 1);
    const end = valueEnd(text, start);
    if (isIt) found = text.slice(start, end).trimEnd();
    at = skipWhitespace(text, end);
    if (text.charCodeAt(at) === COMMA) at = skipWhitespace(text, at + 1);
  }
  return found;
}

/** The runtime's own count is ten times as fast where there is one; browsers have none. */
const { Buffer: native } = globalThis as { Buffer?: { byteLength(text: string): number } };

/** Length in UTF-8 bytes. A lone surrogate counts as its replacement (3 bytes). */
export function utf8Length(text: string): number {
  return native === undefined ? countUtf8(text) : native.byteLength(text);
}

function countUtf8(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char < 0x80) continue;
    if (char < 0x800) bytes += 1;
    else if (char >= 0xd800 && char < 0xdc00 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) {
      bytes += 2;
      at++;
    } else bytes += 2;
  }
  return bytes;
}

/** Whether a text may be longer than `max` UTF-8 bytes; counts only where the number of characters leaves it open. */
export function longerThan(text: string, max: number): boolean {
  if (text.length > max) return true;
  if (text.length * 3 <= max) return false;
  return utf8Length(text) > max;
}
