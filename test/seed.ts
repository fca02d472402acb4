/** Random choices of tests: all from one printed seed, so that a failure can be repeated with `CONFAB_SEED=… bun test …`. */

/** The seed of this run, printed. */
export function printedSeed(): number {
  const given = Number(process.env["CONFAB_SEED"] ?? Number.NaN);
  const seed = Number.isInteger(given) ? given : Math.floor(Math.random() * 2 ** 31);
  console.log(`seed: CONFAB_SEED=${seed}`);
  return seed;
}

/** A generator of numbers from 0 to below 1, the same ones for a seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
