import { configFlags, readConfig } from "../config.ts";
import { OperatorError } from "../lib/operator-error.ts";
import { restore } from "../store/restore.ts";
import type { Command, Surroundings } from "./command.ts";

export const restoreCommand: Command = {
  summary: "puts a backup into a data folder that no server uses",
  examples: [
    [
      "confab restore --from /mnt/backups/confab-20260102T030405678Z --data ./new-data",
      "into a folder without a database",
    ],
    ["confab restore --from /mnt/backups/confab-20260102T030405678Z --force", "in place of ./confab-data's database"],
  ],
  flags: [{ name: "from", takesValue: true }, { name: "force", takesValue: false }, ...configFlags],
  details: () =>
    "The backup's checksum is compared first. With --force the old database is put aside in the data folder, not deleted.\n" +
    "The logs get a new epoch at the next start: clients that were ahead of the backup are told so and start anew.\n",
  run,
};

async function run(surroundings: Surroundings): Promise<number> {
  const { flags, clock, output } = surroundings;
  const { config } = readConfig(surroundings);
  const from = flags["from"]?.at(-1) ?? "";
  if (from === "") {
    throw new OperatorError("Which backup? Name its folder with --from. See confab restore --help.", { exitCode: 2 });
  }
  const force = flags["force"]?.at(-1) === "true";
  const { manifest, aside } = await restore({ from, data: config.data, force, now: clock.now() });
  const { messages, rooms, started_at } = manifest;
  output.write(`${config.data} holds the backup of ${started_at}: ${messages} messages in ${rooms} rooms\n`);
  if (aside !== undefined) output.write(`the database that was there is in ${aside}\n`);
  return 0;
}
