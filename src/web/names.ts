import { isVisible } from "../protocol/visible.ts";

/** A name as it is sent. Throws a sentence for one that cannot be seen. */
export function shownName(text: string): string {
  const name = text.normalize("NFC").trim();
  if (name === "" || !isVisible(name)) throw new Error("Letters that can be seen, please.");
  return name;
}
