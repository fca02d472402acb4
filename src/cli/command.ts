import type { Clock } from "../lib/clock.ts";

/** A word after `confab`, and what happens then. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** Whole command lines that people may copy, each with a few words of what it does. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  readonly flags: readonly Flag[];
  /** Words of which one follows the command, as `list` in `confab user list`. */
  readonly words?: readonly string[];
  /** What else `--help` prints: made when it is asked for. */
  readonly details?: () => string;
  /** Returns the exit code. Throws an OperatorError for what its user can mend. */
  run(surroundings: Surroundings): Promise<number>;
}

export interface Flag {
  readonly name: string;
  /** Whether `--name` wants a value. One that does not may have "true" or "false" after an equals sign. */
  readonly takesValue: boolean;
}

/** What a command sees of the machine, handed in by `main.ts`. */
export interface Surroundings {
  /** The word behind the command's own, where it has such words and one was given. */
  readonly word: string | undefined;
  /** What came with each flag, by the flag's name without dashes. A flag alone is "true". */
  readonly flags: Readonly<Record<string, readonly string[]>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
  readonly output: Output;
  /** Writes to standard error, and has written when it returns: for last words. */
  readonly complain: (text: string) => void;
  readonly clock: Clock;
}

/** Standard output. */
export interface Output {
  readonly isTerminal: boolean;
  /** Takes a text, its line's end included, and returns at once. */
  write(text: string): void;
  /** Resolves when everything written has left the process, or nobody will ever read it. */
  flush(): Promise<void>;
}
