import { benchCommand } from "./bench.ts";
import { backupCommand } from "./backup.ts";
import type { Command } from "./command.ts";
import { doctorCommand } from "./doctor.ts";
import { inviteCommand } from "./invite.ts";
import { restoreCommand } from "./restore.ts";
import { roomCommand } from "./room.ts";
import { configCommand } from "./show-config.ts";
import { serveCommand } from "./serve.ts";
import { tokenCommand } from "./token.ts";
import { userCommand } from "./user.ts";
import { verifyCommand } from "./verify.ts";
import { versionCommand } from "./version.ts";

/** Every command, in the order in which `confab --help` lists them. */
export const commands: Readonly<Record<string, Command>> = {
  serve: serveCommand,
  bench: benchCommand,
  config: configCommand,
  doctor: doctorCommand,
  token: tokenCommand,
  user: userCommand,
  room: roomCommand,
  invite: inviteCommand,
  backup: backupCommand,
  restore: restoreCommand,
  verify: verifyCommand,
  version: versionCommand,
};

/** `confab` alone is `confab serve`. */
export const fallbackCommand = "serve";
