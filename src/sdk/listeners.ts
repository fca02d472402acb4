/** Ends what a call began. */
export type Stop = () => void;

/** Those who want to hear of one thing. An error of a listener is the application's: it reaches its runtime's own handler. */
export class Listeners<T> {
  readonly #all = new Set<(value: T) => void>();

  add(listener: (value: T) => void): Stop {
    // A wrapper, so that the same function added twice is heard twice and stopped once each.
    const entry = (value: T): void => listener(value);
    this.#all.add(entry);
    return () => this.#all.delete(entry);
  }

  tell(value: T): void {
    for (const listener of this.#all) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
