/** The highest count that fits beside the time; past it the time is moved on. */
const count_max = 0xfff;

let last_ms = 0;
let count = 0;

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

/**
 * A UUID of version 7 (RFC 9562, 5.7 and 6.2 method 1): those made later by one process sort later, also within a
 * millisecond and when the clock is set back.
 */
export function uuidv7(now_ms = Date.now()): string {
  if (now_ms > last_ms) {
    last_ms = now_ms;
    count = 0;
  } else if (++count > count_max) {
    last_ms++;
    count = 0;
  }
  const random = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => hex(byte, 2)).join("");
  const variant = hex((Number.parseInt(random.slice(0, 2), 16) & 0x3f) | 0x80, 2);
  const time = hex(last_ms, 12);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(count, 3)}-${variant}${random.slice(2, 4)}-${random.slice(4)}`;
}
