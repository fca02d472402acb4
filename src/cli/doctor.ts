import { configFlags, readConfig } from "../config.ts";
import type { Command, Surroundings } from "./command.ts";
import type { Finding } from "./doctor-finding.ts";
import { examineMachine } from "./doctor-machine.ts";
import { examineSettings } from "./doctor-settings.ts";
import { examineStorage } from "./doctor-storage.ts";
import { askServer } from "./running-server.ts";

const signs = { well: "  ok    ", advice: "  advice", wrong: "  WRONG " };

export const doctorCommand: Command = {
  summary: "looks at this machine and these settings, and says what to do",
  examples: [
    ["confab doctor", "before the first start, or whenever something is odd"],
    ["confab doctor --config confab.json --data /var/lib/confab", "with the server's own settings"],
  ],
  flags: configFlags,
  details: () =>
    "Give it the settings that the server has. The exit code is 0, or 1 where something is wrong; advice alone is 0.\n",
  run,
};

async function run(surroundings: Surroundings): Promise<number> {
  const configuration = readConfig(surroundings);
  const { config } = configuration;
  const status = config.database === "" ? await askServer(config.data, { path: "/status" }) : undefined;
  const asked = { ...configuration, status: status as { url: string; pid: number; version: string } | undefined };
  const sections: readonly (readonly [string, readonly Finding[]])[] = [
    ["storage", await examineStorage(asked, surroundings.clock)],
    ["machine", await examineMachine(asked, surroundings.clock)],
    ["settings", examineSettings(asked)],
  ];
  let wrong = 0;
  for (const [name, findings] of sections) {
    surroundings.output.write(`${name}\n`);
    for (const { level, what, todo } of findings) {
      if (level === "wrong") wrong++;
      surroundings.output.write(`${signs[level]} ${what}\n${todo === undefined ? "" : `           → ${todo}\n`}`);
    }
  }
  surroundings.output.write(wrong === 0 ? "nothing is wrong\n" : `${wrong} wrong: see the arrows\n`);
  return wrong === 0 ? 0 : 1;
}
