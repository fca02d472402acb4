import { OperatorError } from "../lib/operator-error.ts";
import type { Surroundings } from "./command.ts";

const units_ms: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What came with a command's flags. What is wrong is thrown as a sentence that names the command's help. */
export class Flags {
  readonly #command: string;
  readonly #given: Surroundings["flags"];

  constructor(command: string, { flags }: Surroundings) {
    this.#command = command;
    this.#given = flags;
  }

  /** The last value that was given. */
  get(name: string): string | undefined {
    return this.#given[name]?.at(-1);
  }

  needed(name: string): string {
    const value = this.get(name)?.trim() ?? "";
    if (value === "") throw this.usage(`${name === "user" ? "Who" : "Which"}? Name the ${name} with --${name}.`);
    return value;
  }

  /** An object with the flag's value, or an empty one. */
  optional<N extends string>(name: N): { [K in N]?: string } {
    const value = this.get(name);
    return (value === undefined ? {} : { [name]: value }) as { [K in N]?: string };
  }

  /** One of these words. */
  word<W extends string>(name: string, words: readonly W[], fallback?: W): W {
    const given = fallback === undefined ? this.needed(name) : (this.get(name) ?? fallback);
    const found = words.find((word) => word === given);
    if (found !== undefined) return found;
    const known = `${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`;
    throw this.usage(`--${name}: expected ${known}; got ${JSON.stringify(given)}.`);
  }

  /** How many may use a link; null for any number of people. */
  uses(fallback: string): number | null {
    const text = this.get("uses") ?? fallback;
    if (text === "any") return null;
    const uses = /^\d{1,6}$/.test(text) ? Number(text) : 0;
    if (uses >= 1) return uses;
    throw this.usage(`--uses: expected a number from 1 on, or any; got ${JSON.stringify(text)}.`);
  }

  usage(sentence: string): OperatorError {
    return new OperatorError(`${sentence} See confab ${this.#command} --help.`, { exitCode: 2 });
  }

  /** How long something holds, in milliseconds; null for ever. */
  ttl_ms(fallback: string): number | null {
    const text = this.get("ttl") ?? fallback;
    if (text === "never") return null;
    const [, amount, unit = ""] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
    const ttl_ms = Number(amount) * (units_ms[unit] ?? 0);
    if (ttl_ms > 0) return ttl_ms;
    throw this.usage(`--ttl: expected a number and m, h or d, such as 7d, or never; got ${JSON.stringify(text)}.`);
  }
}
