import type { World } from "./world.ts";

/** A moment in which the news of an invitation may be anywhere on its way. */
const soon_ms = 300;

/** Somebody knows that they were invited, by their own line or by who invited them, and answers by one of their devices. */
export function answerInvitation(world: World, invited: { user: string; room: string }): void {
  const { random, timeline } = world;
  const { room, user } = invited;
  const method = random.weighted({ "room.join": 6, "room.leave": 1, nothing: 2 });
  const devices = world.devices.filter(({ person, ready }) => ready && person.id === user);
  if (method === "nothing" || devices.length === 0) return;
  const device = random.pick(devices);
  const answer = (): void => {
    if (!world.stormy || !device.ready) return;
    device.ask("other", { rpc: { method, data: { room } } }, {});
    device.flush();
  };
  if (random.chance(0.6)) answer();
  else timeline.after(random.between(0, soon_ms), answer);
}

/** Whoever was handed a link to a room joins by it. */
export function followLink(world: World, token: string): void {
  const device = world.random.pick(world.devices);
  if (!world.stormy || !device.ready) return;
  device.ask("other", { rpc: { method: "invite.accept", data: { token } } }, {});
  device.flush();
}
