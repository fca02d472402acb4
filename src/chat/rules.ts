/**
 * Words and patterns that are not wanted in messages. Each message is judged once, before it goes to the journal, by
 * whichever door it came. Where there are no rules nothing is done at all; otherwise they were compiled when they came.
 */

import { type Clock } from "../lib/clock.ts";
import { foldedText, plainText } from "../lib/fold-text.ts";
import { shortId } from "../lib/ids.ts";
import type { Log } from "../lib/log.ts";
import { Readings } from "../lib/readings.ts";
import { ChatError } from "../protocol/errors.ts";
import type { CheckedInput, OutputOf } from "../protocol/operations.ts";
import type { Database } from "../store/orm.ts";
import { addRule, allRules, changeRule, countMatches, listRules, removeRule, type Rule } from "../store/rules.ts";
import type { Audit } from "./audit.ts";
import type { Pattern } from "./pattern-rules.ts";
import { addressOf, type Caller } from "./policy.ts";
import { isPhrase, WordRules } from "./word-rules.ts";

const rules_max = 2_000;
/** Each costs some microseconds a message; words cost nothing each. */
const patterns_max = 100;
/** How long matches are counted in memory. */
const count_ms = 1_000;

export interface RulesOptions {
  readonly audit: Audit;
  readonly clock: Clock;
  readonly db: Database;
  readonly hint: () => void;
  readonly log: Log;
}

/** What rules say of a message that one of them matches. */
export interface Judgement {
  readonly refused: boolean;
  /** The ids of those that want it reported. */
  readonly reporting: readonly string[];
}

export class Rules {
  readonly #options: RulesOptions;
  readonly #readings = new Readings();
  #rules: readonly Rule[] = [];
  #words = new WordRules([]);
  #patterns: readonly { readonly at: number; readonly pattern: Pattern }[] = [];
  /** By the text of the pattern: what was compiled stays so when other rules come. */
  #opened = new Map<string, Pattern>();
  #matches = new Map<number, number>();

  constructor(options: RulesOptions) {
    this.#options = options;
    options.clock.every(count_ms, () => void this.#count());
  }

  /** Before the first connection comes in, and whenever the news says so. */
  async load(): Promise<void> {
    const { db, log } = this.#options;
    const isNewest = this.#readings.begin();
    const rules = await allRules(db);
    const opened = new Map<string, Pattern>();
    const patterns: { at: number; pattern: Pattern }[] = [];
    for (const [at, { id, kind, text }] of rules.entries()) {
      if (kind !== "pattern") continue;
      try {
        const pattern = this.#opened.get(text) ?? (await patternRules()).openPattern(text);
        opened.set(text, pattern);
        patterns.push({ at, pattern });
      } catch (error) {
        // Another version took it. The others still count.
        log.error("rule_not_understood", { rule: id, error });
      }
    }
    const words = rules.flatMap(({ kind, text }, at): [string, number][] =>
      kind === "word" ? [[foldedText(plainText(text)), at]] : [],
    );
    if (!isNewest()) return;
    this.#words = new WordRules(words);
    this.#patterns = patterns;
    this.#opened = opened;
    this.#rules = rules;
  }

  /** Judges a message by its text, and counts what matches. Undefined where nothing does. */
  judge(data: string): Judgement | undefined {
    if (this.#rules.length === 0) return undefined;
    const text = textOf(data);
    if (text === undefined) return undefined;
    const matching = this.#matching(text);
    if (matching.length === 0) return undefined;
    for (const { n } of matching) this.#matches.set(n, (this.#matches.get(n) ?? 0) + 1);
    return {
      refused: matching.some(({ action }) => action === "refuse"),
      reporting: matching.filter(({ action }) => action === "report").map(({ id }) => id),
    };
  }

  #matching(text: string): Rule[] {
    const plain = plainText(text);
    const folded = foldedText(plain);
    const found = new Set<number>();
    this.#words.find(folded, found);
    // Patterns see the letters as they are, and once more as they look.
    const looksElse = folded !== plain.toLowerCase();
    for (const { at, pattern } of this.#patterns) {
      if (pattern.test(plain) || (looksElse && pattern.test(folded))) found.add(at);
    }
    return [...found].map((at) => this.#rules[at]).filter((rule) => rule !== undefined);
  }

  async #count(): Promise<void> {
    if (this.#matches.size === 0) return;
    const matches = this.#matches;
    this.#matches = new Map();
    try {
      await countMatches(this.#options.db, matches);
    } catch (error) {
      this.#options.log.warn("matches_not_counted", { error });
      for (const [n, count] of matches) this.#matches.set(n, (this.#matches.get(n) ?? 0) + count);
    }
  }

  test({ text }: CheckedInput<"rule.test">): OutputOf<"rule.test"> {
    const rules = this.#matching(text).map(shapeOf);
    return { refused: rules.some(({ action }) => action === "refuse"), rules };
  }

  async list({ after, limit }: CheckedInput<"rule.list">): Promise<OutputOf<"rule.list">> {
    await this.#count();
    const found = await listRules(this.#options.db, { after, limit: limit + 1 });
    const rules = found.slice(0, limit).map((rule) => ({ ...shapeOf(rule), created_by: rule.created_by }));
    return { rules, more: found.length > limit };
  }

  async create(caller: Caller, asked: CheckedInput<"rule.create">): Promise<OutputOf<"rule.create">> {
    const { clock, db } = this.#options;
    const { id: user, n: created_by, name } = caller.person;
    const { action, kind, text } = asked;
    await this.load();
    if (this.#rules.length >= rules_max)
      throw new ChatError("limit_exceeded", `there are ${rules_max} rules, the most`);
    if (kind === "pattern" && this.#patterns.length >= patterns_max)
      throw new ChatError("limit_exceeded", `there are ${patterns_max} patterns, the most: words cost less`);
    await checkText(kind, text);
    const rule = { id: shortId(), kind, text, action, created_at: clock.now() };
    await addRule(db, { ...rule, created_by });
    await this.#changed(caller, { action: "rule.create", id: rule.id, detail: { kind, text, action } });
    return { ...rule, matches: 0, created_by: { id: user, name } };
  }

  async update(caller: Caller, asked: CheckedInput<"rule.update">): Promise<object> {
    const { clock, db } = this.#options;
    const { rule: id, action, text } = asked;
    const { kind } = await this.#find(id);
    if (text !== undefined) await checkText(kind, text);
    const set = { ...(text === undefined ? {} : { text }), ...(action === undefined ? {} : { action }) };
    await changeRule(db, { id, set, at: clock.now() });
    await this.#changed(caller, { action: "rule.update", id, detail: set });
    return {};
  }

  async delete(caller: Caller, { rule: id }: CheckedInput<"rule.delete">): Promise<object> {
    const { kind, text } = await this.#find(id);
    await removeRule(this.#options.db, { id, at: this.#options.clock.now() });
    await this.#changed(caller, { action: "rule.delete", id, detail: { kind, text } });
    return {};
  }

  async #find(id: string): Promise<Rule> {
    await this.load();
    const rule = this.#rules.find((known) => known.id === id);
    if (rule === undefined) throw new ChatError("not_found", "there is no such rule");
    return rule;
  }

  async #changed(caller: Caller, act: { action: string; id: string; detail: Readonly<Record<string, unknown>> }) {
    const { action, detail, id } = act;
    const { person } = caller;
    const target = `rule:${id}`;
    await this.#options.audit.note({ actor: person.id, action, target, detail, address: addressOf(caller) });
    await this.load();
    this.#options.hint();
  }
}

function shapeOf({ id, kind, text, action, matches, created_at }: Rule): OutputOf<"rule.test">["rules"][number] {
  return { id, kind, text, action, matches, created_at };
}

/** Their engine is large, and most servers have no pattern. */
function patternRules(): Promise<typeof import("./pattern-rules.ts")> {
  return import("./pattern-rules.ts");
}

/** Throws `bad_request` for what could not be found, or would be found everywhere. */
async function checkText(kind: Rule["kind"], text: string): Promise<void> {
  if (kind === "pattern") return (await patternRules()).checkPattern(text);
  if (!isPhrase(foldedText(plainText(text))))
    throw new ChatError(
      "bad_request",
      "text: expected a word that begins and ends with a letter or digit, or a pattern",
    );
}

/** What people read of a message: its `text`, or all of it where it is a text. Other JSON is an application's own. */
function textOf(data: string): string | undefined {
  if (!data.startsWith("{") && !data.startsWith('"')) return undefined;
  const parsed = JSON.parse(data) as unknown;
  if (typeof parsed === "string") return parsed;
  const text = typeof parsed === "object" && parsed !== null && "text" in parsed ? parsed.text : undefined;
  return typeof text === "string" ? text : undefined;
}
