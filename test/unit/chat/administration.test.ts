import { expect, test } from "bun:test";
import { Administration, ownerOfMachine } from "../../../src/chat/administration.ts";
import { Audit } from "../../../src/chat/audit.ts";
import { People } from "../../../src/chat/people.ts";
import { SignIns } from "../../../src/chat/sign-ins.ts";
import { systemClock as clock } from "../../../src/lib/clock.ts";
import { changePerson, findPerson } from "../../../src/store/accounts/people.ts";
import { openTestStorage } from "../../storage.ts";

test("of two who come by an owner's link at once one is the owner", async () => {
  await using rig = await openTestStorage();
  const { db } = rig.storage;
  const people = new People({ shared: false });
  const parts = { audit: new Audit({ db, clock }), clock, db, hint: () => {}, people, publicUrl: () => "" };
  const administration = new Administration({ ...parts, signIns: new SignIns(parts) });
  const both = [await rig.newUser(), await rig.newUser()];
  await Promise.all(both.map(({ id }) => administration.makeOwner(id, "127.0.0.1")));
  const rows = await Promise.all(both.map(({ id }) => findPerson(db, id)));
  expect(rows.filter((row) => row?.role === "owner")).toHaveLength(1);
  const known = both.map(({ id, n }) => people.of({ n, id, name: "", role: "member", status: "", status_text: "" }));
  expect(known.map(({ role }) => role === "owner")).toEqual(rows.map((row) => row?.role === "owner"));
});

test("of two changes of a person at once neither is taken back in memory", async () => {
  await using rig = await openTestStorage();
  const { db } = rig.storage;
  const people = new People({ shared: false });
  const hint = (): void => {};
  const parts = { audit: new Audit({ db, clock }), clock, db, hint, people, publicUrl: () => "" };
  const administration = new Administration({ ...parts, signIns: new SignIns(parts) });
  const { id, n } = await rig.newUser();
  await changePerson(db, { n, at: 1, role: "administrator", disabled_at: 1 });
  for (const acts of ["role first", "enable first"]) {
    await administration.role(ownerOfMachine, id, "administrator");
    await administration.disable(ownerOfMachine, id);
    const role = () => administration.role(ownerOfMachine, id, "member");
    const enable = () => administration.enable(ownerOfMachine, id);
    await Promise.all(acts === "role first" ? [role(), enable()] : [enable(), role()]);
    const row = await findPerson(db, id);
    expect([acts, row?.role, row?.disabled_at]).toEqual([acts, "member", null]);
    const known = people.of({ n, id, name: "", role: "administrator", status: "", status_text: "" });
    expect([acts, known.role, people.isEnded(id, undefined)]).toEqual([acts, "member", false]);
  }
});
