import type { Command } from "./command.ts";
import { commands, fallbackCommand } from "./commands.ts";

/** What `confab --help` prints. */
export function renderHelp(): string {
  const list = Object.entries(commands).map(([name, { summary }]) => [name, summary] as const);
  return [
    "Confab: a chat server in one file. What it acknowledged is never lost.\n",
    `Usage: confab [command] [--flag value]\n`,
    `Commands (${fallbackCommand} where none is named):\n${columns(list)}`,
    `Examples:\n${columns(commands[fallbackCommand]?.examples ?? [])}`,
    "confab <command> --help tells more about a command, confab --version the version.\n",
  ].join("\n");
}

/** What `confab <command> --help` prints. */
export function renderCommandHelp(name: string, { summary, examples, details }: Command): string {
  const parts = [`confab ${name}: ${summary}\n`, `Examples:\n${columns(examples)}`];
  return [...parts, ...(details === undefined ? [] : [details()])].join("\n");
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join("");
}
