import { expect, test } from "bun:test";
import { Names } from "../../../src/chat/names.ts";
import { systemClock as clock } from "../../../src/lib/clock.ts";
import { holdReads } from "../../held-reads.ts";
import { openTestStorage } from "../../storage.ts";

test("who is given a name while the old one is read keeps the new one", async () => {
  await using rig = await openTestStorage();
  const { id } = await rig.newUser();
  const reads = holdReads(rig.storage.client);
  const names = new Names({ db: reads.db, clock });
  const read = reads.hold();
  const asked = names.of([id]);
  await read;
  names.tell({ id, name: "New" });
  reads.answer();
  await asked;
  expect(await names.of([id])).toEqual([{ id, name: "New" }]);
});
