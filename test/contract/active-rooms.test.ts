/** The rooms of people, as both kinds of database give them. */

import { expect, test } from "bun:test";
import { activeRooms } from "../../src/store/rooms.ts";
import { committers } from "./committers.ts";

for (const { name, at } of committers)
  test(`the rooms of each person come in the order asked, the most recently active first: ${name}`, async () => {
    const place = await at();
    const storage = await place.open();
    const { client } = storage;
    await client.migrate([
      `INSERT INTO users (n, id, issuer, subject, name, created_at)
        VALUES (1, 'u1', 'guest', '1', '', 1), (2, 'u2', 'guest', '2', '', 1), (3, 'u3', 'guest', '3', '', 1)`,
      `INSERT INTO rooms (n, id, kind, name, created_at, last_at, deleted_at)
        VALUES (1, 'r1', 'public', '', 1, 10, NULL), (2, 'r2', 'public', '', 1, 30, NULL), (3, 'r3', 'public', '', 1, 20, NULL),
          (4, 'r4', 'public', '', 1, 30, NULL), (5, 'r5', 'public', '', 1, 40, 50)`,
      `INSERT INTO members (room, user, role, state, visible_from, joined_seq, muted_until)
        SELECT r.n, 1, 'member', 'joined', r.n, 1, 0 FROM rooms r`,
      `INSERT INTO members (room, user, role, state, visible_from, joined_seq, muted_until)
        VALUES (1, 2, 'owner', 'joined', 7, 1, 9), (2, 2, 'member', 'left', 1, 1, 0), (3, 2, 'member', 'invited', 1, 1, 0)`,
    ]);
    const found = await activeRooms(client, { users: [2, 3, 1], limit: 10 });
    expect(found.map((rooms) => rooms.map(({ room }) => room.id))).toEqual([["r1"], [], ["r2", "r4", "r3", "r1"]]);
    expect(found[0]).toEqual([
      {
        room: { n: 1, id: "r1" },
        member: { role: "owner", state: "joined", visible_from: 7, muted_until: 9, banned_until: 0 },
      },
    ]);
    const [first = []] = await activeRooms(client, { users: [1], limit: 2 });
    expect(first.map(({ room }) => room.id)).toEqual(["r2", "r4"]);
    await storage.close();
    await place.end();
  });
