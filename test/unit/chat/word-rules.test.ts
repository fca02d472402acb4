import { describe, expect, test } from "bun:test";
import { checkPattern, openPattern } from "../../../src/chat/pattern-rules.ts";
import { isPhrase, WordRules } from "../../../src/chat/word-rules.ts";
import { foldedText, plainText } from "../../../src/lib/fold-text.ts";
import { ChatError } from "../../../src/protocol/errors.ts";

const fold = (text: string): string => foldedText(plainText(text));

function finder(...phrases: string[]): (text: string) => string[] {
  const rules = new WordRules(phrases.map((phrase, at) => [fold(phrase), at]));
  return (text) => {
    const found = new Set<number>();
    rules.find(fold(text), found);
    return [...found].map((at) => phrases[at] ?? "");
  };
}

describe("words", () => {
  test("are found as whole words, in any case, wherever they stand", () => {
    const find = finder("ass", "Buy now");
    expect(["You ASS!", "ass", "a class, passed", "buy\n NOW.", "buy it now", "buynow", "ass-ass"].map(find)).toEqual([
      ["ass"],
      ["ass"],
      [],
      ["Buy now"],
      [],
      [],
      ["ass"],
    ]);
  });

  test("one may begin or end in another", () => {
    const phrases = ["free", "free money", "money", "money now"];
    expect(finder(...phrases)("get FREE money now")).toEqual(phrases);
  });

  test("of scripts without spaces are found inside of a line, also when they are pulled apart", () => {
    const find = finder("坏人", "バカ", "🖕");
    expect(["这是坏人吗", "坏 人", "坏，人", "坏的人", "バカです", "カバ", "ok🖕🏽ok"].map(find)).toEqual([
      ["坏人"],
      ["坏人"],
      ["坏人"],
      [],
      ["バカ"],
      [],
      ["🖕"],
    ]);
  });

  test("what has no word at its edges is no phrase", () => {
    const given = ["bad", "evil.com", "c++", "...", "@here", "坏人", "don't", "🖕"];
    expect(given.filter((text) => isPhrase(fold(text)))).toEqual(["bad", "evil.com", "坏人", "don't", "🖕"]);
  });

  test("a thousand of them cost a message microseconds", () => {
    const find = finder(...Array.from({ length: 1_000 }, (_, n) => `unwanted${n}${n % 3 === 0 ? " thing" : ""}`));
    const rounds = 2_000;
    const cost = (text: string, count: number): number => {
      find(text);
      const start_ms = performance.now();
      for (let n = 0; n < count; n++) find(text);
      return ((performance.now() - start_ms) * 1_000) / count;
    };
    const latin = "Hello there, this is a message of an ordinary length, nothing more and nothing less.";
    const cyrillic = "Привет, это сообщение обычной длины, не больше и не меньше того, что пишут.";
    const figures = [cost(latin, rounds), cost(cyrillic, rounds), cost("word ".repeat(3_276), 20)];
    const [a, b, c] = figures.map((microseconds) => microseconds.toFixed(1));
    console.log(`figure: 1,000 words: ${a} µs for ${latin.length} letters, ${b} in Cyrillic, ${c} for 16 KiB`);
    expect(Math.max(...figures)).toBeLessThan(50_000);
  });
});

function told(pattern: string): string {
  try {
    checkPattern(pattern);
    return "ok";
  } catch (error) {
    return error instanceof ChatError ? error.message : String(error);
  }
}

describe("patterns", () => {
  test("are found anywhere, in any case", () => {
    const card = openPattern(String.raw`\b\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}\b`);
    expect(["4111 1111-11111111", "41111 1111 1111 1111"].map((text) => card.test(text))).toEqual([true, false]);
    expect(openPattern("FREE\\s+école").test("get free  ÉCOLE")).toBe(true);
    expect(openPattern("\\p{Han}{3}").test("ab坏人人")).toBe(true);
  });

  test("people's patterns are taken; those that could hang a server are told so", () => {
    const fine = [
      String.raw`discord\.gg/\w{2,20}`,
      String.raw`[\w.+-]+@[\w-]+\.[\w.]+`,
      String.raw`https?://\S+\.(ru|cn)\b`,
      String.raw`(?:\+?\d[ -]?){10,15}`,
      "(a+)+$b",
    ];
    expect(fine.map(told)).toEqual(fine.map(() => "ok"));
    const dear = ["(a|b)*a(a|b){20}c", "(?:a?){100}a{100}", "(x{1,30}){1,30}"];
    expect(dear.filter((pattern) => !told(pattern).includes("too dear"))).toEqual([]);
    const impossible = ["(a)\\1", "(?=a)b", "(unclosed", "a**"];
    expect(impossible.filter((pattern) => !told(pattern).includes("the syntax of RE2"))).toEqual([]);
    expect(["a*", "x?", ""].filter((pattern) => !told(pattern).includes("found in every text"))).toEqual([]);
  });

  test("what makes the runtime's own engine hang takes its time in proportion here", () => {
    const patterns = ["(a+)+b", "(a|aa)+b", "(.*)(.*)(.*)b", "^(\\w+\\s?)*b"].map(openPattern);
    const worst = Math.max(
      ...patterns.map((pattern) => {
        const start_ms = performance.now();
        expect(pattern.test("a".repeat(16_384))).toBe(false);
        return performance.now() - start_ms;
      }),
    );
    console.log(`figure: patterns on 16 KiB of one letter: ${worst.toFixed(1)} ms at most`);
    expect(worst).toBeLessThan(1_000);
  });
});
