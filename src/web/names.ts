/** What the server refuses in a name: controls, and characters that turn the direction of a text. */
const hidden = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

export const name_chars_max = 60;

/** A name as it is sent. Throws a sentence for one that cannot be seen. */
export function shownName(text: string): string {
  const name = text.normalize("NFC").trim();
  if (name === "" || hidden.test(name)) throw new Error("Letters that can be seen, please.");
  return name;
}
