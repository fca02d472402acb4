import { assert } from "./assert.ts";
import type { Clock } from "./clock.ts";

interface Item<I, O> {
  readonly input: I;
  readonly resolve: (output: O) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers single questions into one: all that are asked in a turn of the loop, or while the one before is being
 * answered, are asked together. `run` answers in the order of its inputs; if it fails, all of its askers fail, and so do
 * those who gathered meanwhile: who waits behind a question that hangs does not wait for the same again.
 */
export class Batcher<I, O> {
  readonly #clock: Clock;
  readonly #run: (inputs: readonly I[]) => Promise<readonly O[]>;
  readonly #inputs_max: number;
  #gathering: Item<I, O>[] = [];
  #busy = false;

  constructor(options: { clock: Clock; run: (inputs: readonly I[]) => Promise<readonly O[]>; inputs_max: number }) {
    this.#clock = options.clock;
    this.#run = options.run;
    this.#inputs_max = options.inputs_max;
  }

  ask(input: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#gathering.push({ input, resolve, reject });
      if (this.#busy) return;
      this.#busy = true;
      this.#clock.soon(() => void this.#work());
    });
  }

  async #work(): Promise<void> {
    while (this.#gathering.length > 0) {
      const items = this.#gathering.splice(0, this.#inputs_max);
      try {
        const outputs = await this.#run(items.map((item) => item.input));
        assert(outputs.length === items.length, "every question of a batch has an answer");
        items.forEach((item, at) => item.resolve(outputs[at] as O));
      } catch (error) {
        for (const item of [...items, ...this.#gathering.splice(0)]) item.reject(error);
      }
    }
    this.#busy = false;
  }
}
