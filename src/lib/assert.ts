/** Throws when a condition that the code relies on does not hold: a bug, never a mistake of a caller outside. */
export function assert(condition: unknown, sentence: string): asserts condition {
  if (!condition) {
    throw new Error(`Assertion failed: ${sentence}`);
  }
}

/** Ends an exhaustive switch: the compiler refuses the call while a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`Assertion failed: this case cannot occur, yet it came with ${JSON.stringify(value)}`);
}
