import { configFlags } from "../config.ts";
import type { ListedUser } from "../store/accounts/people.ts";
import type { Command, Surroundings } from "./command.ts";
import { Flags } from "./flags.ts";
import { operate } from "./operate.ts";
import { moreWords, table } from "./table.ts";

const acts = ["list", "add", "role", "disable", "enable", "sign-out", "reset-password", "reset-second-factor"] as const;
const roles = ["owner", "administrator", "member"] as const;

export const userCommand: Command = {
  summary: "lists people, makes accounts, gives roles, lets people in or not",
  examples: [
    ["confab user list", "everybody whom the server knows"],
    ["confab user list --search ada", "those whose name, user name or address has this in it"],
    ['confab user add --user ada --name "Ada L." --role administrator', "an account, and the link to set its password"],
    ["confab user role --user ada --role owner", "owner, administrator or member"],
    ["confab user disable --user ada", "ends every sign-in and connection at once, and lets no new one in"],
    ["confab user enable --user ada", "lets her in again"],
    ["confab user sign-out --user ada", "ends every sign-in and connection; she may sign in again"],
    ["confab user reset-password --user ada", "a link with which she sets a new password"],
    ["confab user reset-second-factor --user ada", "her password alone is enough again"],
  ],
  words: acts,
  flags: [
    { name: "user", takesValue: true },
    { name: "name", takesValue: true },
    { name: "email", takesValue: true },
    { name: "role", takesValue: true },
    { name: "search", takesValue: true },
    ...configFlags,
  ],
  details: () =>
    "--user is a user name, or the id that confab user list shows.\n" +
    "A server that runs on the folder (--data) does it; without one the database is opened for it. Every act is in the audit log.\n",
  run,
};

async function run(surroundings: Surroundings): Promise<number> {
  const { output, word } = surroundings;
  const flags = new Flags("user", surroundings);
  const act = word as (typeof acts)[number] | undefined;
  if (act === undefined) throw flags.usage(`What is to be done? One of ${acts.join(", ")}.`);
  output.write(await told(surroundings, flags, act));
  return 0;
}

/** Does it, and gives what is to be printed. */
async function told(surroundings: Surroundings, flags: Flags, act: (typeof acts)[number]): Promise<string> {
  if (act === "list") return listed((await operate(surroundings, { act, ...flags.optional("search") })) as Listed);
  const person = flags.needed("user");
  switch (act) {
    case "add": {
      const role = flags.word("role", roles, "member");
      const wishes = { ...flags.optional("name"), ...flags.optional("email") };
      const made = await operate(surroundings, { act, username: person, role, ...wishes });
      const { link, user } = made as { link: string; user: ListedUser };
      return `${user.id}: ${user.username ?? ""}, ${role}. The password is set with this link, within a day:\n${link}\n`;
    }
    case "role": {
      const role = flags.word("role", roles);
      await operate(surroundings, { act, person, role });
      return `${person} is ${role} now.\n`;
    }
    case "disable":
    case "enable":
      await operate(surroundings, { act, person });
      return `${person} is ${act}d.\n`;
    case "sign-out": {
      const { ended } = (await operate(surroundings, { act, person })) as { ended: number };
      return `${person}: ${ended} sign-ins ended.\n`;
    }
    case "reset-password": {
      const { link } = (await operate(surroundings, { act, person })) as { link: string };
      return `${link}\n`;
    }
    case "reset-second-factor":
      await operate(surroundings, { act, person });
      return `${person} signs in with the password alone now.\n`;
  }
}

interface Listed {
  readonly people: readonly (ListedUser & { kind: string })[];
  readonly more: boolean;
}

function listed({ people, more }: Listed): string {
  const rows = people.map(({ id, username, name, role, kind, disabled_at }) => {
    return [id, username ?? "-", name, role, kind, disabled_at === null ? "enabled" : "disabled"];
  });
  return table(["id", "user name", "name", "role", "kind", "state"], rows) + (more ? moreWords : "");
}
