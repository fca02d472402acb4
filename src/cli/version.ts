import packageJson from "../../package.json" with { type: "json" };
import type { Command } from "./command.ts";

/** The package's version and the commit, put in by the build; not there when Confab runs from its source. */
declare const CONFAB_VERSION: string | undefined;

export function version(): string {
  return typeof CONFAB_VERSION === "string" ? CONFAB_VERSION : `${packageJson.version}+source`;
}

/** Version and runtime, in one line. */
export function versionLine(): string {
  return `confab ${version()} (Bun ${Bun.version}, ${process.platform}-${process.arch})`;
}

export const versionCommand: Command = {
  summary: "prints the version",
  examples: [["confab version", "version, commit, runtime and platform in one line"]],
  flags: [],
  async run({ output }) {
    output.write(`${versionLine()}\n`);
    return 0;
  },
};
