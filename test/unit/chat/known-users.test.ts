import { expect, test } from "bun:test";
import { Accounts } from "../../../src/chat/accounts.ts";
import { KnownUsers } from "../../../src/chat/known-users.ts";
import { Names } from "../../../src/chat/names.ts";
import { systemClock as clock } from "../../../src/lib/clock.ts";
import { changePerson } from "../../../src/store/accounts/people.ts";
import { findUsers, type UserRow } from "../../../src/store/users.ts";
import { openTestStorage } from "../../storage.ts";

const ada = { issuer: "jwt:", subject: "ada" };

function row(id: string): UserRow {
  return { n: 1, id, name: id, disabled_at: null, role: "member", status: "", status_text: "" };
}

test("a row that was asked for before a change is not kept", () => {
  const known = new KnownUsers();
  const asked = known.version;
  known.forget("a");
  known.keep(ada, row("a"), asked);
  expect(known.find(ada)).toBeUndefined();
  known.keep(ada, row("a"), known.version);
  expect(known.find(ada)).toEqual(row("a"));
});

test("10,000 are known, and who came longest ago goes", () => {
  const known = new KnownUsers();
  for (let index = 0; index <= 10_000; index++)
    known.keep({ issuer: "jwt:", subject: `${index}` }, row(`id-${index}`), known.version);
  expect(known.find({ issuer: "jwt:", subject: "0" })).toBeUndefined();
  expect(known.find({ issuer: "jwt:", subject: "10000" })?.id).toBe("id-10000");
  known.forget("id-1");
  expect(known.find({ issuer: "jwt:", subject: "1" })).toBeUndefined();
});

test("another issuer's user of the same name is somebody else", () => {
  const known = new KnownUsers();
  known.keep(ada, row("a"), known.version);
  expect(known.find({ issuer: "jwt:elsewhere", subject: "ada" })).toBeUndefined();
});

test("a user who was changed while they signed in is looked up again", async () => {
  await using opened = await openTestStorage();
  const { db } = opened.storage;
  const known = new KnownUsers();
  const accounts = new Accounts({ db, clock, names: new Names({ db, clock }), known });
  const asked = { ...ada, name: undefined };
  const { n, id } = await accounts.ofHost(asked);
  expect(known.find(ada)?.id).toBe(id);
  known.forget(id);
  // The look-up reads the row as it was, and the change is told before the answer is there.
  const signingIn = accounts.ofHost(asked);
  await changePerson(db, { n, at: 1, role: "administrator" });
  known.forget(id);
  await signingIn;
  const again = await accounts.ofHost(asked);
  expect(again.role).toBe("administrator");
  expect(await findUsers(db, [ada])).toMatchObject([{ role: "administrator" }]);
});
