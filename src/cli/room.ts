import type { Link } from "../chat/administration.ts";
import type { Changed, ShownRoom } from "../chat/room-administration.ts";
import { configFlags } from "../config.ts";
import { roomRoles } from "../protocol/roles.ts";
import type { ListedRow } from "../store/room-list.ts";
import type { Command, Surroundings } from "./command.ts";
import { Flags } from "./flags.ts";
import { operate } from "./operate.ts";
import { moreWords, table } from "./table.ts";

const ofRooms = ["list", "show", "close", "reopen", "delete", "invite"] as const;
const ofPlaces = ["role", "add", "remove", "ban", "unban"] as const;
const acts = [...ofRooms, ...ofPlaces];
const ttl_default = "7d";
const uses_default = "1";
const example = "--room td6prjqdp6ds04vobktr";

export const roomCommand: Command = {
  summary: "lists rooms, closes and deletes them, gives them owners, lets people in or not",
  examples: [
    ["confab room list", "every room, the most recently active first"],
    ["confab room list --search hall", "those whose name or topic has this in it"],
    [`confab room show ${example}`, "its settings, who owns and moderates it, how many are in it"],
    [`confab room close ${example}`, "nobody writes and nobody joins; everything stays readable"],
    [`confab room reopen ${example}`, "people write again"],
    [`confab room delete ${example}`, "it is gone for everybody, with all that was said in it"],
    [`confab room role ${example} --user ada --role owner`, "owner, moderator or member"],
    [`confab room add ${example} --user ada --role owner`, "a member from now on, without being asked"],
    [`confab room remove ${example} --user bob`, "out of the room; he may join again where others may"],
    [`confab room ban ${example} --user bob --ttl 7d --reason flood`, "out, and not in again for a week"],
    [`confab room unban ${example} --user bob`, "he may come again"],
    [`confab room invite ${example} --uses 20 --ttl 1d`, "a link into the room, shown this once"],
  ],
  words: acts,
  flags: [
    { name: "room", takesValue: true },
    { name: "user", takesValue: true },
    { name: "role", takesValue: true },
    { name: "ttl", takesValue: true },
    { name: "reason", takesValue: true },
    { name: "uses", takesValue: true },
    { name: "search", takesValue: true },
    ...configFlags,
  ],
  details: () =>
    "--room is the id that confab room list shows; --user a user name, or the id that confab user list shows.\n" +
    `--ttl is how long a ban holds, for ever if it is left out, and how long a link is good, ${ttl_default} if it is left out: a number and m, h or d, or never.\n` +
    `--uses is how many may come by a link, or any; ${uses_default} if it is left out.\n` +
    "A server that runs on the folder (--data) does it; without one the database is opened for it. Every act is in the audit log.\n",
  run,
};

async function run(surroundings: Surroundings): Promise<number> {
  const { output, word } = surroundings;
  const flags = new Flags("room", surroundings);
  const onRoom = ofRooms.find((act) => act === word);
  const onPlace = ofPlaces.find((act) => act === word);
  if (onRoom !== undefined) output.write(await toldOfRoom(surroundings, flags, onRoom));
  else if (onPlace !== undefined) output.write(await toldOfPlace(surroundings, flags, onPlace));
  else throw flags.usage(`What is to be done? One of ${acts.join(", ")}.`);
  return 0;
}

/** Does it, and gives what is to be printed. */
async function toldOfRoom(surroundings: Surroundings, flags: Flags, act: (typeof ofRooms)[number]): Promise<string> {
  if (act === "list")
    return listed((await operate(surroundings, { act: "room.list", ...flags.optional("search") })) as Listed);
  const room = flags.needed("room");
  switch (act) {
    case "show":
      return shown((await operate(surroundings, { act: "room.show", room })) as ShownRoom);
    case "close":
    case "reopen":
    case "delete": {
      const { changed } = (await operate(surroundings, { act: `room.${act}`, room })) as Changed;
      const state = { close: "closed", reopen: "open", delete: "gone" }[act];
      return `${room} is ${state}${changed ? "" : " already"}.\n`;
    }
    case "invite": {
      const wish = { uses_max: flags.uses(uses_default), ttl_ms: flags.ttl_ms(ttl_default) };
      const { link } = (await operate(surroundings, { act: "room.invite", room, ...wish })) as Link;
      return `${link}\n`;
    }
  }
}

async function toldOfPlace(surroundings: Surroundings, flags: Flags, act: (typeof ofPlaces)[number]): Promise<string> {
  const place = { room: flags.needed("room"), person: flags.needed("user") };
  const { person, room } = place;
  const ask = async (asked: Parameters<typeof operate>[1], words: string): Promise<string> => {
    const { changed } = (await operate(surroundings, asked)) as Changed;
    return `${changed ? words : `Nothing to do, it was so already: ${words}`}\n`;
  };
  switch (act) {
    case "role": {
      const role = flags.word("role", roomRoles);
      return await ask({ act: "room.role", ...place, role }, `${person} is ${role} of ${room}.`);
    }
    case "add": {
      const role = flags.word("role", roomRoles, "member");
      return await ask({ act: "room.add", ...place, role }, `${person} is ${role} of ${room}.`);
    }
    case "remove":
      return await ask({ act: "room.remove", ...place }, `${person} is no member of ${room}.`);
    case "ban": {
      const wish = { for_ms: flags.ttl_ms("never"), ...flags.optional("reason") };
      return await ask({ act: "room.ban", ...place, ...wish }, `${person} is banned from ${room}.`);
    }
    case "unban":
      return await ask({ act: "room.unban", ...place }, `${person} is not banned from ${room}.`);
  }
}
interface Listed {
  readonly rooms: readonly ListedRow[];
  readonly more: boolean;
}

function listed({ rooms, more }: Listed): string {
  const rows = rooms.map(({ id, kind, name, members, last_at, closed_at }) => {
    return [id, kind, String(members), minuteOf(last_at), closed_at === null ? "open" : "closed", name];
  });
  return table(["id", "kind", "members", "last activity", "state", "name"], rows) + (more ? moreWords : "");
}

function shown({ room, owners, moderators, invited, banned, links }: ShownRoom): string {
  const { id, name, topic, kind, history, post, invite, slow_ms } = room;
  const nobody = `nobody: confab room role --room ${id} --user … --role owner gives it one`;
  const facts: readonly (readonly [string, string])[] = [
    ["id", id],
    ["name", name],
    ["topic", topic === "" ? "-" : topic],
    ["kind", kind],
    ["state", room.closed_at === null ? "open" : `closed at ${minuteOf(room.closed_at)}`],
    ["made", minuteOf(room.created_at)],
    ["last activity", minuteOf(room.last_at)],
    ["newcomers read", history === "all" ? "everything" : "from their joining on"],
    ["who may write", post],
    ["who may invite", invite],
    ["slow mode", slow_ms === 0 ? "off" : `${slow_ms / 1_000} s`],
    ["owners", owners.length === 0 && kind !== "open" && kind !== "direct" ? nobody : namesOf(owners)],
    ["moderators", namesOf(moderators)],
    ["members", String(room.members)],
    ["invited", String(invited)],
    ["banned", String(banned)],
    ["links into it", String(links)],
    ["events", `${room.first_seq} to ${room.last_seq}`],
  ];
  const width = Math.max(...facts.map(([fact]) => fact.length));
  return facts.map(([fact, value]) => `${fact.padEnd(width)}  ${value}\n`).join("");
}

function namesOf(people: ShownRoom["owners"]): string {
  return people.length === 0 ? "-" : people.map(({ id, name, username }) => `${name} (${username ?? id})`).join(", ");
}

function minuteOf(at_ms: number): string {
  const minute = "2026-01-02T03:04".length;
  return at_ms === 0 ? "-" : `${new Date(at_ms).toISOString().slice(0, minute)}Z`;
}
