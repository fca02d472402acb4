/**
 * Regular expressions of administrators, run on what strangers write. The runtime's own engine tries one way after the
 * other and can be made to hang by a text of thirty letters; this one (RE2's algorithm) takes time in proportion to the
 * text whatever the pattern is, and refuses what cannot be done so: references back, and looking around. What remains is
 * how much each character costs: that is bounded by the size of the pattern, and tried out before a pattern is taken.
 */

import { RE2JS, RE2JSException, RE2Set } from "re2js";
import { ChatError } from "../protocol/errors.ts";

/** Steps of the program that a pattern becomes: repeats like `{1,50}` multiply them. */
const steps_max = 300;
/** What one pattern may remember of its work; what is above that is forgotten and done again. */
const memory_bytes_max = 1024 ** 2;
/** States that a text made of the pattern's own letters may lead to; patterns that people write have some dozens. */
const states_max = 500;
const probe_chars = 600;
const probe_letters_max = 8;

export interface Pattern {
  /** Whether it is found anywhere in a text. Case does not count. */
  test(text: string): boolean;
}

function compile(text: string): RE2Set {
  const set = new RE2Set(RE2Set.UNANCHORED, RE2JS.CASE_INSENSITIVE, memory_bytes_max);
  set.add(text);
  set.compile();
  return set;
}

/** A pattern that was taken before. */
export function openPattern(text: string): Pattern {
  const set = compile(text);
  return { test: (given) => set.match(given).length > 0 };
}

/** Throws `bad_request` for what is no pattern, or one that would cost too much. */
export function checkPattern(text: string): void {
  let set: RE2Set;
  try {
    set = compile(text);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new ChatError("bad_request", `text: expected a pattern in the syntax of RE2: ${error.message}`);
  }
  if (set.match("").length > 0) throw new ChatError("bad_request", "text: this pattern is found in every text");
  for (const probe of probesOf(text)) set.match(probe);
  if (set.prog.numInst() > steps_max || set.dfa.stateCount > states_max)
    throw new ChatError(
      "bad_request",
      "text: this pattern is too dear: use fewer and smaller repeats, or several rules",
    );
}

/** Texts of each two letters of a pattern, in no order but always the same one: what grows without bound grows on them. */
function probesOf(pattern: string): string[] {
  const literal = pattern.replace(/\{[\d,]*\}/g, "").replace(/\\[a-zA-Z]/g, "a1 ");
  const letters = [...new Set(literal.replace(/[^\p{L}\p{N}\s]/gu, ""))].slice(0, probe_letters_max);
  const pairs = letters.flatMap((one, at) => letters.slice(at + 1).map((other) => [one, other]));
  return [...pairs, [letters[0] ?? "a", ".", "-"]].map(probeOf);
}

function probeOf(letters: readonly string[]): string {
  let seed = 1;
  let text = "";
  while (text.length < probe_chars) {
    seed = (seed * 48_271) % 2_147_483_647;
    text += letters[seed % letters.length] ?? "";
  }
  return text;
}
