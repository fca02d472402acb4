import { expect, test } from "bun:test";
import type { Room } from "../../../src/protocol/room-operations.ts";
import type { Storage } from "../../../src/store/database.ts";
import { ask, startChat, visitor } from "../../chat.ts";
import { openTestStorage } from "../../storage.ts";

test("whom somebody blocks while they read has words for everybody else", async () => {
  await using rig = await openTestStorage();
  const { storage } = rig;
  const [maker, one, other] = [await rig.newUser(), await rig.newUser(), await rig.newUser()];
  const before = startChat(storage);
  const { id: room } = await ask<Room>(before, visitor(before, maker), [
    "room.create",
    { name: "Hall", kind: "public" },
  ]);
  for (const who of [one, other]) await ask(before, visitor(before, who), ["room.join", { room }]);
  const message = { room, id: Bun.randomUUIDv7(), data: { text: "words" } };
  await ask(before, visitor(before, maker), ["message.send", message]);
  await before.journal.close();

  const history: Storage["history"] = {
    async page(view, range) {
      await ask(chat, visitor(chat, one), ["user.block", { user: maker.id }]);
      return await storage.history.page(view, range);
    },
  };
  const chat = startChat({ ...storage, history });
  await ask(chat, visitor(chat, one), ["message.list", { room }]);
  const page = await ask<object>(chat, visitor(chat, other), ["message.list", { room }]);
  expect(JSON.stringify(page)).toContain("words");
  await chat.journal.close();
});
