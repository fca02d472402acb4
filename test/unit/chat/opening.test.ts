/** A room is opened while a change of it is stored and not told yet: what was read is newer than what is told next. */

import { expect, test } from "bun:test";
import type { OperationName } from "../../../src/protocol/operations.ts";
import type { Room } from "../../../src/protocol/room-operations.ts";
import type { Storage } from "../../../src/store/database.ts";
import { ask, recipientOf, startChat, visitor } from "../../chat.ts";
import { eventually } from "../../client.ts";
import { openTestStorage, type TestStorage } from "../../storage.ts";

/** A room of an owner and a member on a server that has just started; what it stores is told when the test says so. */
async function startAgain(rig: TestStorage) {
  const { storage } = rig;
  const [maker, guest] = [await rig.newUser(), await rig.newUser()];
  const before = startChat(storage);
  const hall = { name: "Hall", kind: "public" };
  const { id: room } = await ask<Room>(before, visitor(before, maker), ["room.create", hall]);
  await ask(before, visitor(before, guest), ["room.join", { room }]);
  await before.journal.close();
  const stored = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  const committer: Storage["committer"] = {
    async commit(drafts, seen) {
      const done = await storage.committer.commit(drafts, seen);
      stored.resolve();
      await told.promise;
      return done;
    },
  };
  const chat = startChat({ ...storage, committer });
  const [owner, member] = [visitor(chat, maker), visitor(chat, guest)];
  /** The owner does it, and opens the room before this server has heard that it was done. */
  const openMeanwhile = async (operation: OperationName, input: object): Promise<void> => {
    const done = ask(chat, owner, [operation, { room, ...input }]);
    await stored.promise;
    await ask(chat, owner, ["message.list", { room }]);
    told.resolve();
    await done;
  };
  return { chat, member, openMeanwhile, owner, room };
}

test("who is banned while somebody opens the room reads nothing more of it", async () => {
  await using rig = await openTestStorage();
  const { chat, member, openMeanwhile, room } = await startAgain(rig);
  // Their place is known, and nobody has the room open.
  expect(await ask<object>(chat, member, ["member.list", { room }])).toMatchObject({ count: 2 });
  await openMeanwhile("member.ban", { user: member.id });
  const refused = await ask(chat, member, ["message.list", { room }]).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "room_not_found" });
  await chat.journal.close();
});

test("who is made a member while somebody opens the room has it", async () => {
  await using rig = await openTestStorage();
  const { chat, openMeanwhile, owner } = await startAgain(rig);
  owner.role = "administrator";
  const recipient = recipientOf(visitor(chat, await rig.newUser()));
  chat.people.enter(recipient);
  await openMeanwhile("member.add", { user: recipient.person.id, role: "member" });
  await eventually(() => recipient.subscriptions.size === 1, "a subscription", 2_000);
  await chat.journal.close();
});
