import type { Connection } from "../../src/gateway/connection.ts";
import type { LiveRoom } from "../../src/chat/live-room.ts";
import type { Device } from "./device.ts";
import type { Node } from "./node.ts";
import type { World } from "./world.ts";

/** What is still to come, in words; undefined when everything has come to rest. */
export function isQuiet(world: World): string | undefined {
  const { devices, nodes, servers } = world;
  if (servers.some((server) => server.length === 0)) return "a server is down";
  let sockets = 0;
  for (const node of nodes) {
    const left = node.isOpen ? unrest(world, node) : "is not open";
    if (left !== undefined) return `${node.name} ${left}`;
    sockets += node.sockets.size;
  }
  for (const device of devices) {
    const left = unfinished(world, device);
    if (left !== undefined) return `${device.name} ${left}`;
  }
  // Sockets that nobody is behind any more are found by the heartbeat.
  if (sockets !== devices.length) return `${sockets} sockets for ${devices.length} devices`;
  return undefined;
}

function unrest(world: World, node: Node): string | undefined {
  const { journal, resume } = node.chat;
  if (journal.pending > 0) return `has ${journal.pending} drafts in the journal`;
  if (resume.size > 0) return `has ${resume.size} connections that are catching up`;
  for (const { id, top } of world.database.byId.values()) {
    const room = node.chat.directory.get(id);
    if (room?.filling !== undefined) return `reads a hole in ${id}`;
    if (node.broker !== undefined && room !== undefined && room.published < top) return `has not heard of all of ${id}`;
  }
  if (node.broker === undefined) return undefined;
  // What another node has changed is known here when this one has looked for it.
  return misremembered(world, node);
}

function unfinished(world: World, device: Device): string | undefined {
  if (!device.ready) return "is not connected";
  const [question] = device.unanswered;
  if (question !== undefined) return `has no answer to ${question}`;
  const [letter] = device.letters.open();
  if (letter !== undefined) return `has no answer to ${letter.data}`;
  for (const channel of device.wanted) if (!device.streams.live.has(channel)) return `is not subscribed to ${channel}`;
  for (const [id, room] of world.database.byId) {
    const at = device.streams.live.get(id);
    // Where they may read nothing yet of what there is, there is nothing to wait for.
    const isAtTop = at === room.top || (room.viewOf(device.person.id) ?? 0) > room.top;
    if (at !== undefined && !isAtTop) return `has ${at} of ${room.top} of ${id}`;
    const isMember = room.isMember(device.person.id);
    if (device.wantsRooms && room.isOwedTo(device.person.id) && at === undefined)
      return `has no subscription to its room ${id}`;
    if (!isMember && !room.isOpen && at !== undefined) return `is still subscribed to ${id}`;
  }
  return undefined;
}

/** The database, read by itself and by the server's pages, against what was written down as it committed. */
export function checkStored(world: World): void {
  const { database } = world;
  for (const room of database.rooms.values()) {
    const rows = database.rows(room.n);
    if (rows.length !== room.top) world.fail(`${room.id} has ${rows.length} rows for ${room.top} events`, undefined);
    for (const [at, row] of rows.entries()) {
      if (row.seq !== at + 1) world.fail(`${room.id} has the seq ${row.seq} in place ${at + 1}`, undefined);
      if (room.texts[at]?.includes(`"data":${row.data},"info"`) !== true)
        world.fail(`${room.id} ${row.seq} has other words: ${row.data}`, undefined);
    }
    if (database.pages(room.n).join("\n") !== room.texts.join("\n"))
      world.fail(`the pages of ${room.id} are not its log`, undefined);
  }
}

/** What the server remembers once nothing happens must agree with itself and with the log. */
export function checkServer(world: World): void {
  for (const node of world.nodes) checkNode(world, node);
}

function checkNode(world: World, node: Node): void {
  const connections = [...node.sockets.all()];
  for (const connection of connections) {
    if (connection.pending !== 0) world.fail(`a connection counts ${connection.pending} commands`, undefined);
    if ((connection.waiting?.length ?? 0) > 0) world.fail("commands wait for a sign-in that is done", undefined);
  }
  const wrong = misremembered(world, node);
  if (wrong !== undefined) world.fail(`${node.name} ${wrong}`, undefined);
  const { memory } = node.chat.directory;
  if (memory.bytes > world.weather.ringBytes) world.fail(`the rings hold ${memory.bytes} bytes`, undefined);
  for (const id of world.database.byId.keys()) {
    const room = node.chat.directory.get(id);
    if (room !== undefined) checkRoom(world, room, { node, connections });
  }
}

/** A place in a room that the node remembers otherwise than the log has it. */
function misremembered({ database, persons }: World, node: Node): string | undefined {
  for (const { id } of persons) {
    const { memberships } = node.chat.people.find(id) ?? {};
    for (const [n, room] of memberships === undefined ? [] : database.rooms) {
      const place = memberships?.get(n);
      // Of a room that has gone nobody asks any more.
      if (room.isGone || place === undefined) continue;
      const from = room.viewOf(id);
      const isSo =
        (place.state === "joined") === (from !== undefined) && (place.state === "invited") === room.isInvited(id);
      if (!isSo) return `remembers ${id} as ${place.state} in ${room.id}`;
      if (from !== undefined && from !== place.visible_from)
        return `lets ${id} read ${room.id} from ${place.visible_from} and not from ${from}`;
    }
  }
  return undefined;
}

function checkRoom(world: World, room: LiveRoom, on: { node: Node; connections: readonly Connection[] }): void {
  const log = world.database.byId.get(room.id);
  if (log === undefined) return;
  const wrong = (what: string): void => world.fail(`room ${room.id}: ${what}`, undefined);
  if (room.published !== log.top) wrong(`published ${room.published} of ${log.top}`);
  if (room.filling !== undefined || room.held.size > 0) wrong(`${room.held.size} events are held back`);
  const { ring } = room;
  if (ring.last !== room.published) wrong(`the ring ends at ${ring.last} and not at ${room.published}`);
  for (let seq = ring.first; seq <= ring.last; seq++) {
    if (ring.at(seq) !== log.texts[seq - 1]) wrong(`the ring has other words at ${seq}`);
  }
  const subscribed = on.connections.filter(({ subscriptions }) => subscriptions.has(room));
  if (room.subscribers !== subscribed.length) wrong(`${room.subscribers} subscribers are ${subscribed.length}`);
  const quiet = on.node.topics.get(room.quietTopic)?.size ?? 0;
  if (room.quiet !== quiet) wrong(`${room.quiet} on the quiet topic are ${quiet}`);
  const listening = quiet + (on.node.topics.get(room.topic)?.size ?? 0);
  if (listening !== subscribed.length) wrong(`${listening} sockets are on its topics for ${subscribed.length}`);
  const people = new Map<string, number>();
  for (const { person } of subscribed) people.set(person.id, (people.get(person.id) ?? 0) + 1);
  // Who has lost their last connection is listed, with none, until their leave is told.
  const here = [...room.people].filter(([, connections]) => connections > 0);
  const counted = new Map(here.map(([person, connections]) => [person.id, connections]));
  if (people.size !== counted.size || [...people].some(([id, count]) => counted.get(id) !== count))
    wrong(`says that ${JSON.stringify([...counted])} are here, and ${JSON.stringify([...people])} are`);
}
