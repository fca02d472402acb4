/** Limits of what accounts are called and proved by, apart from the schemas: the page does without those. */

export const username_chars_min = 2;
export const username_chars_max = 30;
export const password_chars_min = 10;
export const password_chars_max = 256;
export const email_chars_max = 254;
/** A code of a second factor, or one that stands in for it. */
export const code_chars_max = 40;
export const key_name_chars_max = 60;
