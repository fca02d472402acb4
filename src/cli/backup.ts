import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { configFlags, readConfig } from "../config.ts";
import { createLog } from "../lib/log.ts";
import { OperatorError } from "../lib/operator-error.ts";
import { backUp, type Backup } from "../store/backup.ts";
import { takeLock } from "../store/lock.ts";
import type { Command, Surroundings } from "./command.ts";
import { askServer } from "./running-server.ts";
import { version } from "./version.ts";

export const backupCommand: Command = {
  summary: "copies the database to a folder, while the server runs or not",
  examples: [
    ["confab backup --to /mnt/backups", "of ./confab-data, into a new folder there"],
    ["confab backup --data /var/lib/confab --to /mnt/backups", "of another data folder"],
    ["confab serve --backup-folder /mnt/backups --backup-every-minutes 60", "a server that does it each hour"],
  ],
  flags: [{ name: "to", takesValue: true }, ...configFlags],
  details: () =>
    "Without --to the setting backup_folder says where. Everything acknowledged before the start is in the copy.\n" +
    "The new folder holds the database and a manifest with its checksum. confab restore --from it brings it back.\n",
  run,
};

async function run(surroundings: Surroundings): Promise<number> {
  const { flags, output } = surroundings;
  const { config } = readConfig(surroundings);
  const to = flags["to"]?.at(-1) ?? config.backupFolder;
  if (to === undefined || to === "") {
    throw new OperatorError("Where to? Name a folder with --to, or set backup_folder. See confab backup --help.", {
      exitCode: 2,
    });
  }
  if (config.database !== "") {
    throw new OperatorError("The database is on a libSQL server: back it up there, with that server's own tools.");
  }
  const folder = resolve(to);
  const answer = await askServer(config.data, { path: "/backup", body: { folder } });
  const { path, manifest } =
    answer === undefined ? await backUpHere(surroundings, config.data, folder) : (answer as Backup);
  const { bytes, messages, rooms } = manifest;
  output.write(`${path}: ${messages} messages in ${rooms} rooms, ${(bytes / 1024 ** 2).toFixed(1)} MiB\n`);
  return 0;
}

/** Nobody serves this folder: the lock keeps it so. */
async function backUpHere({ clock, complain }: Surroundings, data: string, folder: string): Promise<Backup> {
  const source = join(data, "confab.db");
  if (!existsSync(source)) throw new OperatorError(`There is no database in ${data}: name its folder with --data.`);
  const log = createLog({ level: "warn", format: "text", clock, write: (line) => complain(`${line}\n`) });
  const lock = takeLock(data);
  try {
    return await backUp({ source, folder, version: version(), clock, log });
  } finally {
    lock.release();
  }
}
