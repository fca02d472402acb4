/** Runs a piece of work for each input, so many at a time; results in the order of the inputs. */
export async function concurrently<I, O>(
  inputs: readonly I[],
  at_once: number,
  work: (input: I, index: number) => Promise<O>,
): Promise<O[]> {
  const results: O[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < inputs.length; index = next++) {
      results[index] = await work(inputs[index] as I, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(at_once, inputs.length) }, worker));
  return results;
}
