/**
 * Makes texts that look alike alike, for whoever looks for words in what strangers write: case, width, ornament, marks
 * stacked on letters, invisible characters, and letters of other scripts that are drawn like Latin ones. Accents stay:
 * in most languages they make another word.
 */

const ascii = /^[\0-\x7f]*$/;
const invisible = /\p{Default_Ignorable_Code_Point}/gu;
/** Marks that are left over when everything that can be one letter has become one. */
const marks = /[\p{Script=Inherited}&&\p{M}]/gv;

/** Letters in lower case whose small or large form is drawn like that of a Latin one, and the two that vary with their place. */
const drawnAlike: ReadonlyMap<string, string> = new Map([
  ...pairs("авекмнорстухіјѕԁԛԝһӏү", "abekmhopctyxijsdqwhly"),
  ...pairs("αβεικνορτυχγηως", "abeikvoptuxynwσ"),
  ...pairs("օոսհցզ", "onuhgq"),
  ...pairs("ıɑɡɩᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "iagiabcdefghijklmnoprstuvwyz"),
  ["ß", "ss"],
]);

function pairs(from: string, to: string): [string, string][] {
  return from.split("").map((letter, at) => [letter, to.charAt(at)]);
}

/** Without what cannot be seen, and in the plainest form of each letter; case is kept. */
export function plainText(text: string): string {
  if (ascii.test(text)) return text;
  return text.replace(invisible, "").normalize("NFKC").replace(marks, "");
}

const lookalike = new RegExp(`[${[...drawnAlike.keys()].join("")}]`, "g");

/** A plain text with everything that is drawn alike written alike, in lower case. */
export function foldedText(plain: string): string {
  const lower = plain.toLowerCase();
  if (ascii.test(lower)) return lower;
  return lower.replace(marks, "").replace(lookalike, (letter) => drawnAlike.get(letter) ?? letter);
}

/**
 * The words of a folded text. Scripts that put no spaces between words, and pictures, give a word for each character:
 * whoever looks for several in a row finds them wherever they stand.
 */
export function wordsOf(folded: string): string[] {
  return folded.match(word) ?? [];
}

const word =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Extended_Pictographic}\p{Regional_Indicator}]|[[\p{L}\p{N}\p{M}]--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]]+/gv;
