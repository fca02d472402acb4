/** Rooms are let go while connections are on their way into them. */

import { expect, test } from "bun:test";
import { shortId } from "../../../src/lib/ids.ts";
import type { Room } from "../../../src/protocol/room-operations.ts";
import { countRooms } from "../../../src/store/rooms.ts";
import type { Storage } from "../../../src/store/database.ts";
import { ask, recipientOf, startChat, visitor } from "../../chat.ts";
import { eventually } from "../../client.ts";
import { openTestStorage } from "../../storage.ts";

/** More than are kept open without anybody in them. */
const crowd = 2_001;

test("who comes back has all of their rooms, however many others are opened while one of them is read", async () => {
  await using rig = await openTestStorage();
  const { storage } = rig;
  const user = await rig.newUser();
  const made = Array.from(
    { length: crowd + 2 },
    () => ({ id: shortId(), kind: "public", name: "", history: "all" }) as const,
  );
  const drafts = made.map((room) => ({ kind: "created", actor: user.n, by: user.id, room, data: "{}" }) as const);
  const [quick, slow, ...others] = made.map(({ id }) => id);
  for (let at = 0; at < crowd + 2; at += 500) await storage.committer.commit(drafts.slice(at, at + 500));
  const member = await rig.newUser();
  const before = startChat(storage);
  for (const room of [quick, slow]) await ask(before, visitor(before, member), ["room.join", { room }]);
  await before.journal.close();

  const reading = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const history: Storage["history"] = {
    async page(view, range) {
      reading.resolve();
      await opened.promise;
      return await storage.history.page(view, range);
    },
  };
  const chat = startChat({ ...storage, history });
  const recipient = recipientOf(visitor(chat, member));
  chat.people.enter(recipient);
  const positions = new Map([[slow ?? "", { epoch: storage.epoch, offset: 0 }]]);
  let subs = "";
  const connecting = chat.subscriptions.connect(recipient, positions, (text) => (subs = text));
  await reading.promise;
  await Promise.all(others.map(async (room) => await chat.directory.open(room)));
  opened.resolve();
  await connecting;
  const had = JSON.parse(subs) as Record<string, unknown>;
  expect([quick, slow].map((room) => (room ?? "") in had)).toEqual([true, true]);
  await chat.journal.close();
});

test("an open room that somebody has made and not come into is gone", async () => {
  await using rig = await openTestStorage();
  const { db } = rig.storage;
  const chat = startChat(rig.storage);
  const recipient = recipientOf(visitor(chat, await rig.newUser()));
  const asked = { channel: "open:hall", position: undefined, joinLeave: false };
  const subscribing = chat.subscriptions.subscribe(recipient, asked, () => {});
  recipient.connected = false;
  await subscribing;
  expect(chat.directory.get("open:hall")).toBeUndefined();
  await eventually(async () => (await countRooms(db, { kind: "open" })) === 0, "no room");
  await chat.journal.close();
});

test("who is subscribed by the server while they subscribe is told so", async () => {
  await using rig = await openTestStorage();
  const chat = startChat(rig.storage);
  const person = visitor(chat, await rig.newUser());
  const { id: channel } = await ask<Room>(chat, person, ["room.create", { name: "Hall", kind: "public" }]);
  const recipient = recipientOf(person);
  chat.people.enter(recipient);
  const asked = { channel, position: undefined, joinLeave: false };
  const subscribing = chat.subscriptions.subscribe(recipient, asked, () => {});
  chat.subscriptions.add(recipient, await chat.directory.open(channel));
  expect(await subscribing.catch((error: unknown) => error)).toMatchObject({ code: "already_subscribed" });
  await chat.journal.close();
});
