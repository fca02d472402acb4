import { expect, test } from "bun:test";
import { foldedText, plainText, wordsOf } from "../../../src/lib/fold-text.ts";

const words = (text: string): string[] => wordsOf(foldedText(plainText(text)));

test("what looks alike is alike: case, width, ornament, stacked marks, hidden characters, other scripts", () => {
  const ways = [
    ..."bad BAD bAd ｂａｄ 𝐛𝐚𝐝 𝓫𝓪𝓭 ⓑⓐⓓ b̶a̶d̷ Bаd ʙᴀᴅ".split(" "),
    "b\u200ba\u200cd",
    "b\u00adad",
    "\ufeffbad\u2060",
    "b\u202ead",
    "b\u{e0061}ad",
  ];
  expect(ways.map((way) => [way, words(way)])).toEqual(ways.map((way) => [way, ["bad"]]));
});

test("an accent makes another word, however it is written", () => {
  expect(words("résumé")).toEqual(["résumé"]);
  expect(words("re\u0301sume\u0301")).toEqual(["résumé"]);
  expect(words("STRASSE Straße")).toEqual(["strasse", "strasse"]);
  expect(words("ΣΊΣΥΦΟΣ")).toEqual(words("Σίσυφος"));
});

test("words end where letters and digits end", () => {
  expect(words("Well, don't_do (it)! 24/7 evil.com")).toEqual("well don t do it 24 7 evil com".split(" "));
  expect(words(" \n\t… ")).toEqual([]);
});

test("scripts without spaces, and pictures, give a word for each character", () => {
  expect(words("这是bad吗")).toEqual(["这", "是", "bad", "吗"]);
  expect(words("バカ 바보")).toEqual(["バ", "カ", "바", "보"]);
  expect(words("go 🖕🏽!")).toEqual(["go", "🖕"]);
  expect(words("हिन्दी")).toEqual(["हिन्दी"]);
});

test("any text is taken, lone surrogates too", () => {
  expect(words("\ud800bad\udc00")).toEqual(["bad"]);
  expect(foldedText(plainText("plain ASCII"))).toBe("plain ascii");
});
