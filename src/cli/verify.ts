import { existsSync } from "node:fs";
import { join } from "node:path";
import { configFlags, readConfig } from "../config.ts";
import { createLog } from "../lib/log.ts";
import { OperatorError } from "../lib/operator-error.ts";
import { openAside } from "../store/aside.ts";
import { takeLock } from "../store/lock.ts";
import { readManifest } from "../store/manifest.ts";
import { verifyDatabase, type Verification } from "../store/verify.ts";
import type { Command, Surroundings } from "./command.ts";
import { askServer } from "./running-server.ts";

export const verifyCommand: Command = {
  summary: "checks a database or a backup: damage, holes, marks that point at nothing",
  examples: [
    ["confab verify", "the database in ./confab-data, while the server runs or not"],
    ["confab verify --backup /mnt/backups/confab-20260102T030405678Z", "a backup: its checksum, then the same checks"],
  ],
  flags: [{ name: "backup", takesValue: true }, ...configFlags],
  details: () => "It reads everything once. The exit code is 0 when all is well, 1 when something is wrong.\n",
  run,
};

async function run(surroundings: Surroundings): Promise<number> {
  const { config } = readConfig(surroundings);
  const backup = surroundings.flags["backup"]?.at(-1);
  if (backup !== undefined) {
    const { file } = await readManifest(backup);
    return tell(surroundings, backup, await verifyFile(surroundings, join(backup, file)));
  }
  if (config.database !== "") throw new OperatorError("The database is on a libSQL server: check a copy of it there.");
  const answer = await askServer(config.data, { path: "/verify" });
  if (answer !== undefined) return tell(surroundings, `${config.data} (served now)`, answer as Verification);
  const file = join(config.data, "confab.db");
  if (!existsSync(file))
    throw new OperatorError(`There is no database in ${config.data}: name its folder with --data.`);
  const lock = takeLock(config.data);
  try {
    return tell(surroundings, config.data, await verifyFile(surroundings, file));
  } finally {
    lock.release();
  }
}

async function verifyFile({ clock, complain }: Surroundings, path: string): Promise<Verification> {
  const log = createLog({ level: "warn", format: "text", clock, write: (line) => complain(`${line}\n`) });
  try {
    await using aside = await openAside(path, { role: "reader", log });
    return await verifyDatabase(aside.client);
  } catch (cause) {
    throw new OperatorError(`${path} cannot be read as a database: ${(cause as Error).message}`, { cause });
  }
}

function tell({ output }: Surroundings, what: string, found: Verification): number {
  const { ok, rooms, messages, changes, problems } = found;
  output.write(`${what}: ${rooms} rooms, ${messages} messages, ${changes} other events\n`);
  for (const { check, count, examples } of problems) {
    output.write(`wrong: ${check} (${count} times)\n${examples.map((example) => `    ${example}\n`).join("")}`);
  }
  output.write(ok ? "all is well\n" : "Restore the newest backup that confab verify --backup finds well.\n");
  return ok ? 0 : 1;
}
