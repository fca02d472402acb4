import { benchCommand } from "./bench.ts";
import type { Command } from "./command.ts";
import { configCommand } from "./show-config.ts";
import { serveCommand } from "./serve.ts";
import { versionCommand } from "./version.ts";

/** Every command, in the order in which `confab --help` lists them. */
export const commands: Readonly<Record<string, Command>> = {
  serve: serveCommand,
  bench: benchCommand,
  config: configCommand,
  version: versionCommand,
};

/** `confab` alone is `confab serve`. */
export const fallbackCommand = "serve";
