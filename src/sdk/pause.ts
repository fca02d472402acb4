/** A wait between tries that grows, is random, and can be cut short. */

export interface PauseOptions {
  readonly floor_ms: number;
  readonly ceiling_ms: number;
}

export class Pause {
  readonly #options: PauseOptions;
  #attempt = 0;
  #end: (() => void) | undefined;

  constructor(options: PauseOptions) {
    this.#options = options;
  }

  /**
   * Resolves after a while: anywhere between the floor and a bound that doubles with each try up to the ceiling, for
   * clients that lost their server together must not come back together.
   */
  async next(): Promise<void> {
    const { floor_ms, ceiling_ms } = this.#options;
    const bound_ms = Math.min(ceiling_ms, floor_ms * 2 ** (this.#attempt + 1));
    this.#attempt = Math.min(this.#attempt + 1, 30);
    const wait_ms = floor_ms + Math.random() * (bound_ms - floor_ms);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, wait_ms);
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#end = undefined;
  }

  /** It worked, or everything has changed: the next wait is a short one, and one that runs ends now. */
  reset(): void {
    this.#attempt = 0;
    this.#end?.();
  }
}
