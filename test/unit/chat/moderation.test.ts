import { expect, test } from "bun:test";
import { Audit } from "../../../src/chat/audit.ts";
import { createModeration } from "../../../src/chat/moderation.ts";
import { systemClock as clock } from "../../../src/lib/clock.ts";
import { shortId } from "../../../src/lib/ids.ts";
import { addAddressBan } from "../../../src/store/address-bans.ts";
import { addRule } from "../../../src/store/rules.ts";
import { writeServerSettings } from "../../../src/store/server-settings.ts";
import { holdReads } from "../../held-reads.ts";
import { keptLog, openTestStorage } from "../../storage.ts";

test("what keeps order is as the reading says that was asked for last, whichever is answered last", async () => {
  await using rig = await openTestStorage();
  const { client, db } = rig.storage;
  const reads = holdReads(client);
  const config = { signUp: "open", lockdownSlowSeconds: 0, trustedProxies: [] } as const;
  const parts = { audit: new Audit({ db, clock }), clock, db: reads.db, hint: () => {}, log: keptLog().log, config };
  const { addressBans, rules, settings } = createModeration(parts);
  const { n: created_by } = await rig.newUser();
  const of = { id: shortId(), created_by, created_at: clock.now() };

  /** Reads a part once before a change and once after it, and is answered in the other order. */
  const overtaken = async (part: { load(): Promise<void> }, change: () => Promise<unknown>): Promise<void> => {
    const read = reads.hold();
    const loading = part.load();
    await read;
    await change();
    await part.load();
    reads.answer();
    await loading;
  };

  await overtaken(settings, () => writeServerSettings(db, { set: { lockdown: "true" }, at: clock.now() }));
  expect(settings.lockdown).toBe(true);
  await overtaken(addressBans, () =>
    addAddressBan(db, { ...of, network: "192.0.2.0/24", reason: "", expires_at: null }),
  );
  expect(addressBans.banned("192.0.2.1")).toBe(true);
  await overtaken(rules, () => addRule(db, { ...of, kind: "word", text: "casino", action: "refuse" }));
  expect(rules.judge('{"text":"a casino"}')).toMatchObject({ refused: true });
});
