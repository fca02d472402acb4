import { configFlags } from "../config.ts";
import type { Command, Surroundings } from "./command.ts";
import { Flags } from "./flags.ts";
import { operate } from "./operate.ts";

const ttl_default = "7d";
const uses_default = "1";

export const inviteCommand: Command = {
  summary: "makes a link with which people sign up",
  examples: [
    ["confab invite", "for one person, good for a week"],
    ["confab invite --uses 20 --ttl 1d", "for twenty people, today"],
    ["confab invite --uses any --ttl never", "for whoever has the link, until an administrator revokes it"],
  ],
  flags: [{ name: "uses", takesValue: true }, { name: "ttl", takesValue: true }, ...configFlags],
  details: () =>
    "The setting sign_up must be invite or open: where it is closed, no link of this kind lets anybody in.\n" +
    `--uses is how many may come by it, or any; ${uses_default} if it is left out.\n` +
    `--ttl is how long it is good: a number and m, h or d, or never; ${ttl_default} if it is left out.\n`,
  run,
};

async function run(surroundings: Surroundings): Promise<number> {
  const flags = new Flags("invite", surroundings);
  const wish = { uses_max: flags.uses(uses_default), ttl_ms: flags.ttl_ms(ttl_default) };
  const { link } = (await operate(surroundings, { act: "invite", ...wish })) as { link: string };
  surroundings.output.write(`${link}\n`);
  return 0;
}
