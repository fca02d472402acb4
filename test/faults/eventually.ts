/** Waits until a condition holds, asked again every few milliseconds; fails when it does not hold in time. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  limit: { readonly ms: number; readonly what?: string } = { ms: 10_000 },
): Promise<number> {
  const started = performance.now();
  while (!(await holds())) {
    if (performance.now() - started > limit.ms) {
      throw new Error(`Expected ${limit.what ?? "the condition"} within ${limit.ms} ms; it did not come.`);
    }
    await Bun.sleep(5);
  }
  return performance.now() - started;
}
