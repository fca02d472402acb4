/** Does something once, a moment later, however often it is asked for meanwhile. */

export class Gathering {
  readonly #run: () => void;
  readonly #wait_ms: number;
  #waits = false;

  constructor(wait_ms: number, run: () => void) {
    this.#wait_ms = wait_ms;
    this.#run = run;
  }

  soon(): void {
    if (this.#waits) return;
    this.#waits = true;
    setTimeout(() => {
      this.#waits = false;
      this.#run();
    }, this.#wait_ms);
  }
}
