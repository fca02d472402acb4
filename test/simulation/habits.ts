import type { Device } from "./device.ts";
import { answerInvitation } from "./invitations.ts";
import type { World } from "./world.ts";

/** How often what has to do with who is in a room is done. */
const social = {
  join: 7,
  leave: 5,
  direct: 1,
  invite: 8,
  link: 1.5,
  putOut: 7,
} as const;

/** How often everything else is. */
const habits = {
  write: 46,
  burst: 6,
  publish: 6,
  repeat: 4,
  conflict: 1,
  create: 1.5,
  look: 2,
  promote: 3,
  settle: 3,
  shut: 3,
  erase: 5,
  abolish: 0.3,
  subscribe: 7,
  unsubscribe: 5,
  page: 4,
  history: 4,
  presence: 3,
  hangUp: 4,
  rollBack: 2,
  strange: 1,
} as const;

function often(times: number): Record<keyof typeof social, number> {
  const entries = Object.entries(social).map(([habit, weight]) => [habit, weight * times]);
  return Object.fromEntries(entries) as Record<keyof typeof social, number>;
}

/** One thing that a device does of its own accord, at random. */
export function act(world: World, device: Device): void {
  if (!device.ready) return;
  const { random, weather } = world;
  const channel = random.pick(world.channels());
  const habit = random.weighted({ ...habits, ...often(weather.sociable) });
  switch (habit) {
    case "write":
    case "burst":
    case "publish":
    case "repeat":
    case "conflict":
      write(world, device, { habit, channel });
      break;
    case "join":
    case "leave":
      if (!channel.startsWith("open:"))
        device.ask("other", { rpc: { method: `room.${habit}`, data: { room: channel } } }, {});
      break;
    case "putOut":
    case "promote":
    case "settle":
    case "shut":
    case "erase":
    case "abolish":
      moderate(world, device, { habit, channel });
      break;
    case "create":
    case "direct":
      create(world, device, habit);
      break;
    case "invite":
    case "link":
      invite(world, device, { habit, channel });
      break;
    case "look":
      if (!channel.startsWith("open:"))
        device.ask("look", { rpc: { method: "room.get", data: { room: channel } } }, { channel });
      break;
    case "subscribe":
      if (!device.wantsRooms) device.wanted.add(channel);
      break;
    case "unsubscribe":
      if (device.wanted.delete(channel) && device.streams.live.has(channel)) device.unsubscribe(channel);
      // At once again, in the same frame: the old stream must end before the new one begins.
      if (device.streams.leaving.has(channel) && random.chance(0.4)) device.wanted.add(channel);
      break;
    case "page":
    case "history":
    case "presence":
      read(world, device, { habit, channel });
      break;
    case "hangUp":
    case "rollBack":
    case "strange":
      hangUp(world, device, habit);
  }
  device.flush();
}

function create(world: World, device: Device, habit: "create" | "direct"): void {
  const { database, persons, random } = world;
  const rooms = [...database.byId.values()];
  if (habit === "create" && world.mayCreate()) {
    const kind = random.chance(0.5) ? "public" : "private";
    device.ask("create", { rpc: { method: "room.create", data: { name: "new", kind } } }, {});
  } else if (habit === "direct" && (world.mayCreate() || rooms.some(({ isDirect }) => isDirect))) {
    // Who has left the room of the two is brought in again by this.
    const { id } = random.pick(persons.filter((person) => person !== device.person));
    device.ask("create", { rpc: { method: "room.direct", data: { users: [id] } } }, {});
  }
}

/** Asks somebody in, most often one who is not there yet; now and then somebody tries who may not. */
function invite(world: World, device: Device, how: { habit: "invite" | "link"; channel: string }): void {
  const { database, persons, random } = world;
  const mine = [...database.byId.values()].filter(
    (one) => !one.isGone && !one.isDirect && one.isMember(device.person.id),
  );
  const room = mine.length > 0 && random.chance(0.9) ? random.pick(mine).id : how.channel;
  if (room.startsWith("open:")) return;
  if (how.habit === "link") return device.ask("link", { rpc: { method: "invite.create", data: { room } } }, {});
  const others = persons.filter(({ id }) => database.byId.get(room)?.isMember(id) === false);
  const { id: user } = random.pick(others.length > 0 ? others : persons);
  device.ask("invite", { rpc: { method: "member.invite", data: { room, user } } }, { channel: room, user });
  // Somebody comes before anything is known of the invitation.
  if (random.chance(0.2)) answerInvitation(world, { user, room });
}

/** What those may do who keep order; now and then somebody tries who may not. */
function moderate(world: World, device: Device, how: { habit: string; channel: string }): void {
  const { random } = world;
  const { habit, channel } = how;
  const theirs = [...world.database.byId.values()].filter((one) => !one.isGone && one.moderates(device.person.id));
  const room = theirs.length > 0 && random.chance(0.8) ? random.pick(theirs).id : channel;
  const invited = world.persons.filter(({ id }) => world.database.byId.get(room)?.isInvited(id) === true);
  const user = (invited.length > 0 && random.chance(0.5) ? random.pick(invited) : random.pick(world.devices).person).id;
  const ask = (method: string, data: object): void => device.ask("other", { rpc: { method, data } }, {});
  if (habit === "erase") {
    const { top } = world.database.byId.get(room) ?? { top: 0 };
    return ask("message.delete", { room, seq: random.whole(Math.max(1, top - 15), top + 1) });
  }
  if (room.startsWith("open:")) return;
  if (habit === "putOut") {
    const until = random.chance(0.5) ? {} : { until: 0 };
    const method = random.pick(["member.remove", "member.ban", "member.unban", "member.unban"]);
    return ask(method, { room, user, ...(method === "member.ban" ? until : {}) });
  }
  if (habit === "promote")
    return ask("member.role", { room, user, role: random.pick(["moderator", "member", "owner"]) });
  if (habit === "settle") return ask("room.update", { room, history: random.pick(["all", "joined"]) });
  if (habit === "shut") return ask(random.pick(["room.close", "room.reopen", "room.reopen"]), { room });
  ask("room.delete", { room });
}

function write(world: World, device: Device, how: { habit: string; channel: string }): void {
  const { random, weather } = world;
  const { habit, channel } = how;
  if (habit === "repeat" || habit === "conflict") {
    const letter = random.pick(device.letters.all.slice(-8));
    if (letter?.id === undefined || letter.attempts === 0) return;
    if (habit === "repeat") return device.send(letter);
    if (letter.state !== "acknowledged") return;
    const data = { room: letter.room, id: letter.id, data: { text: "other words" } };
    return device.ask("conflict", { rpc: { method: "message.send", data } }, { letter });
  }
  const count = habit === "burst" ? random.whole(2, 12) : 1;
  for (let n = 0; n < count; n++) {
    const pad = random.chance(weather.longWords) ? random.whole(500, 6_000) : random.whole(0, 30);
    device.send(device.letters.write(channel, { isPublish: habit === "publish", pad }));
  }
}

function read(world: World, device: Device, how: { habit: string; channel: string }): void {
  const { random } = world;
  const { habit, channel } = how;
  if (habit === "presence") {
    const command = random.chance(0.5) ? { presence: { channel } } : { presence_stats: { channel } };
    return device.ask("other", command, {});
  }
  const limit = random.whole(1, 40);
  const offset = random.whole(0, 60);
  if (habit === "history") {
    const since = random.chance(0.5) ? { since: { offset } } : {};
    const history = { channel, limit, reverse: random.chance(0.5), ...since };
    return device.ask("page", { history }, { channel });
  }
  const which = random.pick([{}, { before: offset }, { after: offset }, { around: offset }]);
  device.ask("page", { rpc: { method: "message.list", data: { room: channel, limit, ...which } } }, { channel });
}

function hangUp(world: World, device: Device, habit: string): void {
  const { random } = world;
  const { positions } = device.streams;
  // A page whose last positions were not written down before it was closed comes back with older ones.
  if (habit === "rollBack") {
    for (const [channel, seq] of positions) positions.set(channel, random.whole(Math.max(0, seq - 20), seq));
  }
  if (habit === "strange") device.strange = true;
  const { link } = device;
  if (link === undefined) return;
  link.hangUp();
  device.closed(link, 1000);
}
