/** What the command line asks of accounts. */

import { z } from "zod";
import { emailSchema, usernameSchema } from "../protocol/account-fields.ts";
import { userName } from "../protocol/operation-fields.ts";
import { inviteWish, person, search } from "./act-fields.ts";
import { kindOf, ownerOfMachine, type Administration } from "./administration.ts";

export const people_listed_max = 10_000;

const role = z.enum(["owner", "administrator", "member"]);

/** `owner-link` gives a link while nobody owns the server. */
export const peopleActSchema = z.discriminatedUnion("act", [
  z.strictObject({ act: z.literal("list"), search }),
  z.strictObject({
    act: z.literal("add"),
    username: usernameSchema,
    name: userName.optional(),
    email: emailSchema.optional(),
    role: role.default("member"),
  }),
  z.strictObject({ act: z.literal("role"), person, role }),
  z.strictObject({ act: z.literal("disable"), person }),
  z.strictObject({ act: z.literal("enable"), person }),
  z.strictObject({ act: z.literal("sign-out"), person }),
  z.strictObject({ act: z.literal("reset-password"), person }),
  z.strictObject({ act: z.literal("reset-second-factor"), person }),
  z.strictObject({ act: z.literal("invite"), ...inviteWish }),
  z.strictObject({ act: z.literal("owner-link") }),
]);
type PeopleAct = z.infer<typeof peopleActSchema>;

/** Does it, and gives what is to be shown. */
export async function runPeopleAct(administration: Administration, act: PeopleAct): Promise<unknown> {
  const me = ownerOfMachine;
  switch (act.act) {
    case "list": {
      const found = await administration.list({ search: act.search, limit: people_listed_max + 1 });
      const people = found.slice(0, people_listed_max).map((user) => ({ ...user, kind: kindOf(user) }));
      return { people, more: found.length > people_listed_max };
    }
    case "add":
      return await administration.add(me, { ...act, name: act.name ?? act.username });
    case "role":
      return await administration.role(me, act.person, act.role);
    case "disable":
      return await administration.disable(me, act.person);
    case "enable":
      return await administration.enable(me, act.person);
    case "sign-out":
      return { ended: await administration.signOut(me, act.person) };
    case "reset-password":
      return await administration.resetPassword(me, act.person);
    case "reset-second-factor":
      return await administration.resetSecondFactor(me, act.person);
    case "owner-link":
      return (await administration.ownerLink()) ?? null;
    case "invite":
      return await administration.invite(me, act);
  }
}
