/** What every way into the log owes, by the contract of `src/store/appender.ts`, on a real database. */

import { describe, expect, test } from "bun:test";
import { shortId } from "../../src/lib/ids.ts";
import { draft_bytes_pending_max, drafts_pending_max } from "../../src/store/appender.ts";
import type { Committer, Draft, Outcome, Unseen } from "../../src/store/draft.ts";
import { eventually } from "../client.ts";
import { messageDraft, openTestStorage, type TestStorage } from "../storage.ts";
import { journalParty, portParty, type Entry, type Party } from "./appenders.ts";

const parties: readonly (readonly [name: string, start: (committer: Committer) => Party])[] = [
  ["the journal", journalParty],
  ["ports of two gateways", portParty],
];

function appended({ appender, events }: Entry, draft: Draft): Promise<Outcome> {
  return new Promise((resolve) =>
    appender.append(draft, {
      settle(outcome) {
        events.push(`told ${draft.data}`);
        resolve(outcome);
      },
    }),
  );
}

async function peopled(rig: TestStorage): Promise<{ room: number; user: { n: number; id: string } }> {
  return { room: await rig.newOpenRoom(), user: await rig.newUser() };
}

for (const [name, start] of parties) {
  describe(name, () => {
    test("commits in the order taken, and publishes everywhere in the order committed, before anybody is told", async () => {
      await using rig = await openTestStorage();
      const { room, user } = await peopled(rig);
      await using party = start(rig.storage.committer);
      const sent = party.entries.map((entry, at) =>
        Array.from({ length: 500 }, (_, n) => appended(entry, messageDraft(room, user, `{"n":"${at}-${n}"}`))),
      );
      for (const outcomes of sent) {
        const seqs = (await Promise.all(outcomes)).map(({ code, seq }) => (code === "committed" ? seq : 0));
        expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
        expect(new Set(seqs).size).toBe(500);
      }
      const count = 500 * party.entries.length;
      for (const { batches, events } of party.entries) {
        await eventually(() => batches.flatMap(({ drafts }) => drafts).length === count, "all batches everywhere");
        const seqs = batches.flatMap(({ outcomes }) => outcomes.map(({ seq }) => seq));
        expect(seqs).toEqual(Array.from({ length: count }, (_, at) => at + 1));
        for (const draft of batches.flatMap(({ drafts }) => drafts)) {
          expect(draft).toMatchObject({ kind: "message", room, actor: user.n, by: user.id });
          const told = events.indexOf(`told ${draft.data}`);
          if (told >= 0) expect(events.indexOf(`published ${draft.data}`)).toBeLessThan(told);
        }
      }
      const [first, ...others] = party.entries;
      for (const other of others) {
        const flat = (entry: Entry | undefined): unknown[] =>
          (entry?.batches ?? []).flatMap(({ drafts, outcomes }) => [...drafts, ...outcomes]);
        expect(flat(other)).toEqual(flat(first));
      }
    });

    test("copies that are on their way share one outcome, whoever took them; other words are a conflict", async () => {
      await using rig = await openTestStorage();
      const { room, user } = await peopled(rig);
      await using party = start(rig.storage.committer);
      const draft = messageDraft(room, user);
      const entries = [...party.entries, ...party.entries];
      const copies = await Promise.all(entries.map((entry) => appended(entry, draft)));
      for (const copy of copies) expect(copy.seq).toBe(1);
      expect(copies.filter(({ code }) => code !== "committed" && code !== "repeated")).toEqual([]);
      const [entry] = party.entries as [Entry];
      expect(await appended(entry, { ...draft, data: '{"text":"other"}' })).toMatchObject({ code: "id_conflict" });
    });

    test("brings new rooms, memberships and errors as they are", async () => {
      await using rig = await openTestStorage();
      const { user } = await peopled(rig);
      const guest = await rig.newUser();
      await using party = start(rig.storage.committer);
      const [entry] = party.entries as [Entry];
      const shape = { id: shortId(), kind: "public", name: "Hall", history: "all" } as const;
      const data = `{"user":"${user.id}","role":"owner"}`;
      const made = await appended(entry, { kind: "created", actor: user.n, by: user.id, room: shape, data });
      expect(made).toMatchObject({ code: "committed", seq: 1 });
      const who = {
        actor: guest.n,
        by: guest.id,
        target: guest.n,
        about: guest.id,
        role: "member",
        right: "self",
      } as const;
      const stranger = await appended(entry, messageDraft(made.room, guest));
      expect(stranger.code).toBe("room_not_found");
      const joined = await appended(entry, { kind: "joined", room: made.room, ...who, data: `{"user":"${guest.id}"}` });
      expect(joined).toMatchObject({ code: "committed", seq: 2, room: made.room });
      for (const { batches } of party.entries) {
        await eventually(() => batches.flatMap(({ drafts }) => drafts).length === 3, "three drafts");
        const drafts = batches.flatMap((batch) => batch.drafts);
        expect(drafts[0]).toMatchObject({ kind: "created", room: shape, by: user.id });
        expect(drafts[2]).toMatchObject({ kind: "joined", about: guest.id });
        expect(batches.flatMap(({ outcomes }) => outcomes)[1]).toEqual(stranger);
      }
    });

    test("asks for what has not gone out yet, and publishes everywhere what a batch brings of it", async () => {
      await using rig = await openTestStorage();
      const { room, user } = await peopled(rig);
      const asked: number[] = [];
      const unseen: Unseen[] = [{ room: 77, first: 1, texts: ["another node's"] }];
      const hold = Promise.withResolvers<void>();
      await using party = start({
        async commit(drafts, seen) {
          asked.push(seen?.get(room) ?? -1);
          await hold.promise;
          return { ...(await rig.storage.committer.commit(drafts)), unseen };
        },
      });
      const [entry] = party.entries as [Entry];
      const first = appended(entry, messageDraft(room, user));
      await eventually(() => asked.length === 1, "a batch in the database");
      // It waits while the first batch goes out, which need not be asked for then.
      const second = appended(entry, messageDraft(room, user));
      await eventually(() => party.pending() === 2, "the second one in the journal");
      hold.resolve();
      expect([(await first).seq, (await second).seq]).toEqual([1, 2]);
      expect(asked).toEqual([0, 1]);
      for (const { batches } of party.entries) {
        await eventually(() => batches.length === 2, "both batches everywhere");
        expect(batches.map((batch) => batch.unseen)).toEqual([unseen, unseen]);
      }
    });

    test("refuses at once what is above its limits, and what comes after its end", async () => {
      await using rig = await openTestStorage();
      const { room, user } = await peopled(rig);
      await using party = start(rig.storage.committer);
      const [entry] = party.entries as [Entry];
      const big = `{"text":"${"x".repeat(60_000)}"}`;
      const fitting = Math.ceil(draft_bytes_pending_max / big.length);
      const heavy = Array.from({ length: fitting }, () => appended(entry, messageDraft(room, user, big)));
      expect(entry.appender.pending).toBe(fitting);
      expect(await appended(entry, messageDraft(room, user))).toMatchObject({ code: "overloaded" });
      for (const one of heavy) expect((await one).code).toBe("committed");
      const many = Array.from({ length: drafts_pending_max }, () => appended(entry, messageDraft(room, user)));
      expect(await appended(entry, messageDraft(room, user))).toMatchObject({ code: "overloaded" });
      const closed = entry.appender.close();
      expect(await appended(entry, messageDraft(room, user))).toMatchObject({ code: "storage_unavailable" });
      await closed;
      expect(entry.appender.pending).toBe(0);
      for (const one of many) expect((await one).code).toBe("committed");
    });
  });
}
