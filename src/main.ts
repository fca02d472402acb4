import { readFileSync, writeSync } from "node:fs";
import { commands, fallbackCommand } from "./cli/commands.ts";
import { renderCommandHelp, renderHelp } from "./cli/help.ts";
import { standardOutput } from "./cli/output.ts";
import { parseCommandLine } from "./cli/parse.ts";
import { versionLine } from "./cli/version.ts";
import { deadline, systemClock } from "./lib/clock.ts";
import { OperatorError } from "./lib/operator-error.ts";

/** Who reads our output may have stopped: an end does not wait for them for ever. */
const flush_ms_max = 2_000;

const output = standardOutput();

function complain(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // Nobody reads it: there is no other place left to say so.
  }
}

async function run(argv: readonly string[]): Promise<number> {
  const line = parseCommandLine(argv, { commands, fallback: fallbackCommand });
  if (line.kind === "version") {
    output.write(`${versionLine()}\n`);
    return 0;
  }
  const command = line.command === undefined ? undefined : commands[line.command];
  if (line.kind === "help" || command === undefined) {
    output.write(
      line.command === undefined || command === undefined ? renderHelp() : renderCommandHelp(line.command, command),
    );
    return 0;
  }
  const readFile = (path: string): string => readFileSync(path, "utf8");
  return command.run({
    word: line.word,
    flags: line.flags,
    env: process.env,
    readFile,
    output,
    complain,
    clock: systemClock,
  });
}

let exitCode = 1;
try {
  exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (error instanceof OperatorError) {
    complain(`confab: ${error.message}\n`);
    exitCode = error.exitCode;
  } else {
    // Not every error of the runtime has a stack.
    const story = error instanceof Error ? (error.stack ?? error) : error;
    complain(`confab: a bug, or a machine in trouble:\n${String(story)}\n`);
  }
}
await deadline(systemClock, output.flush(), {
  ms: flush_ms_max,
  error: () => new Error("Nobody reads the output."),
}).catch(() => {});
process.exit(exitCode);
