import { configFlags, readConfig, renderSettings } from "../config.ts";
import type { Command } from "./command.ts";

export const configCommand: Command = {
  summary: "prints every setting with its value, where that came from and how to change it",
  examples: [
    ["confab config", "the settings as the environment has them"],
    ["confab config --config confab.json", "with those of a file, to check it before a start"],
  ],
  flags: configFlags,
  details: () =>
    "A flag wins over the environment, that over the file that --config or CONFAB_CONFIG names, that over the default.\n" +
    "The file is one JSON object with the names of this table. Secrets come from the environment or the file.\n\n" +
    renderSettings(),
  async run(surroundings) {
    surroundings.output.write(renderSettings(readConfig(surroundings)));
    return 0;
  },
};
