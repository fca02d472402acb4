import type { Output } from "./command.ts";

/** What may wait for a reader that is slow or stopped. Beyond it lines are dropped and counted: the server goes on. */
const waiting_chars_max = 4 * 1024 * 1024;

/**
 * Text on its way out of the process. One write is under way, what comes meanwhile leaves together with the next: a
 * pipe that nobody reads never stops the event loop. (The runtime's own stdout stream says too early that it is done,
 * and an exit then cuts what is longer than a pipe.)
 */
export class TextOutput implements Output {
  readonly isTerminal: boolean;
  readonly #send: (text: string) => Promise<unknown>;
  #waiting = "";
  #dropped = 0;
  #sending: Promise<void> | undefined;

  constructor(send: (text: string) => Promise<unknown>, isTerminal: boolean) {
    this.#send = send;
    this.isTerminal = isTerminal;
  }

  write(text: string): void {
    if (this.#waiting.length + text.length > waiting_chars_max) {
      this.#dropped++;
      return;
    }
    this.#waiting += text;
    this.#sending ??= this.#sendAll();
  }

  async flush(): Promise<void> {
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    // What is written in the same turn leaves together.
    await Promise.resolve();
    while (this.#waiting !== "" || this.#dropped > 0) {
      const lost = this.#dropped === 0 ? "" : `${this.#dropped} lines were not written: the reader was too slow.\n`;
      const text = this.#waiting + lost;
      this.#waiting = "";
      this.#dropped = 0;
      try {
        await this.#send(text);
      } catch {
        // The reader has left, as `head` does. The next text tries again: a disk may have room by then.
      }
    }
    this.#sending = undefined;
  }
}

export function standardOutput(): TextOutput {
  return new TextOutput((text) => Bun.write(Bun.stdout, text), process.stdout.isTTY);
}
