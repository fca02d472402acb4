// C0 and C1 controls, and the characters that turn the direction of a text, which let one name pass for another.
const hidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

/** Whether a text has nothing in it that people cannot see, and no half of a character. */
export function isVisible(text: string): boolean {
  return !hidden.test(text) && text.isWellFormed();
}
