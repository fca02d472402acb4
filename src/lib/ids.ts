import { assert } from "./assert.ts";

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
/** Bytes from here on are thrown away: 256 is no multiple of 36, and the first letters would come up more often. */
const byte_max = 256 - (256 % alphabet.length);

function letters(length: number): string {
  let text = "";
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length + 8))) {
      if (byte < byte_max && text.length < length) {
        text += alphabet[byte % alphabet.length];
      }
    }
  }
  return text;
}

/** A name that nobody can guess: 20 characters `[a-z0-9]`, 103 bits. */
export function shortId(): string {
  return letters(20);
}

/** The identity of a log, told apart from another one, not secret: 8 characters `[a-z0-9]`, 41 bits. */
export function logEpoch(): string {
  return letters(8);
}

/** A UUID of version 7 (RFC 9562): ids made later sort later, which keeps an index on them compact. */
export function uuidv7(): string {
  return Bun.randomUUIDv7();
}

/** A secret of that many random bytes, as base64url without padding. */
export function token(bytes: number): string {
  assert(Number.isSafeInteger(bytes) && bytes >= 16, "a token has at least 16 bytes");
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("base64url");
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID of RFC 9562 as it is usually written. Both cases are fine: lower it before you compare or store it. */
export function isUuid(text: string): boolean {
  return uuid.test(text);
}

/** The SHA-256 of a text's UTF-8 bytes, as 64 hexadecimal digits. */
export function sha256(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}
