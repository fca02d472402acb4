/** Rooms with the places of many people in them, as both kinds of database give them. */

import { expect, test } from "bun:test";
import { findRoom, findRooms } from "../../src/store/rooms.ts";
import { committers } from "./committers.ts";

for (const { name, at } of committers)
  test(`rooms with somebody's place come in the order asked, and none that has gone: ${name}`, async () => {
    const place = await at();
    const storage = await place.open();
    const { client } = storage;
    await client.migrate([
      `INSERT INTO users (n, id, issuer, subject, name, created_at)
        VALUES (1, 'u1', 'guest', '1', '', 1), (2, 'u2', 'guest', '2', '', 1)`,
      `INSERT INTO rooms (n, id, kind, name, created_at, last_at, deleted_at)
        VALUES (1, 'r1', 'public', '', 1, 10, NULL), (2, 'r2', 'public', '', 1, 40, 50)`,
      `INSERT INTO members (room, user, role, state, visible_from, joined_seq, muted_until, banned_until)
        VALUES (1, 1, 'owner', 'joined', 7, 1, 9, 0), (1, 2, 'member', 'banned', 1, 1, 0, 99), (2, 1, 'member', 'joined', 1, 1, 0, 0)`,
    ]);
    const owner = { role: "owner", state: "joined", visible_from: 7, muted_until: 9, banned_until: 0 } as const;
    const banned = { role: "member", state: "banned", visible_from: 1, muted_until: 0, banned_until: 99 } as const;
    const asked = [
      { id: "r1", user: 2, member: banned },
      { id: "none", user: 1 },
      { id: "r2", user: 1 },
      { id: "r1", user: 1, member: owner },
      { id: "r1", user: 3, member: undefined },
      { id: "r1", user: 2, member: banned },
    ];
    const found = await findRooms(storage.db, asked);
    expect(found.map((one) => one?.room.id)).toEqual(["r1", undefined, undefined, "r1", "r1", "r1"]);
    expect(found.map((one) => one?.member)).toEqual(asked.map(({ member }) => member));
    // As one by one.
    for (const [at, one] of asked.entries()) expect(found[at]).toEqual(await findRoom(storage.db, one));
    await storage.close();
    await place.end();
  });
