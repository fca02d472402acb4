import { benchCommand } from "./bench.ts";
import { backupCommand } from "./backup.ts";
import type { Command } from "./command.ts";
import { doctorCommand } from "./doctor.ts";
import { restoreCommand } from "./restore.ts";
import { configCommand } from "./show-config.ts";
import { serveCommand } from "./serve.ts";
import { tokenCommand } from "./token.ts";
import { verifyCommand } from "./verify.ts";
import { versionCommand } from "./version.ts";

/** Every command, in the order in which `confab --help` lists them. */
export const commands: Readonly<Record<string, Command>> = {
  serve: serveCommand,
  bench: benchCommand,
  config: configCommand,
  doctor: doctorCommand,
  token: tokenCommand,
  backup: backupCommand,
  restore: restoreCommand,
  verify: verifyCommand,
  version: versionCommand,
};

/** `confab` alone is `confab serve`. */
export const fallbackCommand = "serve";
