import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../src/lib/clock.ts";
import { draft_bytes_pending_max, drafts_pending_max } from "../../../src/store/appender.ts";
import {
  failure,
  StorageError,
  type Committed,
  type Committer,
  type Draft,
  type MessageDraft,
  type Outcome,
} from "../../../src/store/draft.ts";
import {
  batch_bytes_max,
  batch_drafts_max,
  draft_wait_ms_max,
  Journal,
  type JournalOptions,
} from "../../../src/store/journal.ts";
import { keptLog, messageDraft, openTestStorage } from "../../storage.ts";
import { ManualClock } from "../lib/manual-clock.ts";

interface Batch {
  readonly drafts: readonly Draft[];
  readonly outcomes: readonly Outcome[];
}

/** A journal with a memory of what it published. */
function journalOf(options: Pick<JournalOptions, "committer"> & Partial<JournalOptions>): {
  journal: Journal;
  batches: Batch[];
} {
  const batches: Batch[] = [];
  const journal = new Journal({
    clock: systemClock,
    log: keptLog().log,
    publish: (drafts, outcomes) => void batches.push({ drafts, outcomes }),
    ...options,
  });
  return { journal, batches };
}

function appended(journal: Journal, draft: Draft): Promise<Outcome> {
  return new Promise((resolve) => journal.append(draft, { settle: resolve }));
}

/** A committer that answers when it is told to: a database that hangs cannot be had otherwise without waiting for it. */
class HeldCommitter implements Committer {
  readonly calls: { readonly drafts: readonly Draft[]; readonly answer: (outcomes?: readonly Outcome[]) => void }[] =
    [];

  commit(drafts: readonly Draft[]): Promise<Committed> {
    return new Promise((resolve) => {
      const all = drafts.map((draft, at) => ({
        code: "committed" as const,
        seq: at + 1,
        time: 1,
        room: "room" in draft ? 1 : 0,
      }));
      this.calls.push({ drafts, answer: (outcomes = all) => resolve({ outcomes, unseen: [] }) });
    });
  }
}

const nobody = { n: 1, id: "u" };
const draftOf = (data?: string): MessageDraft => messageDraft(1, nobody, data);

/** Lets promises that are settled already run what waits for them. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe("the journal, on a real database", () => {
  test("commits what gathers in one turn as one batch, in the order taken, and publishes before it answers", async () => {
    await using rig = await openTestStorage();
    const room = await rig.newOpenRoom();
    const user = await rig.newUser();
    const events: string[] = [];
    const { journal } = journalOf({
      committer: rig.storage.committer,
      publish: (drafts) => void events.push(`published ${drafts.length}`),
    });
    const drafts = Array.from({ length: 50 }, () => messageDraft(room, user));
    const outcomes = await Promise.all(
      drafts.map(async (draft) => {
        const outcome = await appended(journal, draft);
        events.push("answered");
        return outcome;
      }),
    );
    expect(outcomes.map(({ seq }) => seq)).toEqual(drafts.map((_, at) => at + 1));
    expect(events).toEqual(["published 50", ...drafts.map(() => "answered")]);
    await journal.close();
  });

  test("keeps the order of each sender over many batches", async () => {
    await using rig = await openTestStorage();
    const room = await rig.newOpenRoom();
    const user = await rig.newUser();
    const { journal, batches } = journalOf({ committer: rig.storage.committer });
    const seqs: number[] = [];
    const senders = Array.from({ length: 4 }, async () => {
      let last = 0;
      for (let at = 0; at < 100; at++) {
        const pair = [appended(journal, messageDraft(room, user)), appended(journal, messageDraft(room, user))];
        for (const { seq } of await Promise.all(pair)) {
          expect(seq).toBeGreaterThan(last);
          last = seq;
          seqs.push(seq);
        }
      }
    });
    await Promise.all(senders);
    expect(seqs.toSorted((a, b) => a - b)).toEqual(seqs.map((_, at) => at + 1));
    expect(batches.flatMap(({ outcomes }) => outcomes.map(({ seq }) => seq))).toEqual(seqs.map((_, at) => at + 1));
    await journal.close();
  });

  test("lets copies in flight share one outcome, and tells other words under the same id apart", async () => {
    await using rig = await openTestStorage();
    const room = await rig.newOpenRoom();
    const user = await rig.newUser();
    const { journal, batches } = journalOf({ committer: rig.storage.committer });
    const draft = messageDraft(room, user);
    const outcomes = await Promise.all([
      appended(journal, draft),
      appended(journal, draft),
      appended(journal, { ...draft, data: "{}" }),
      appended(journal, { ...draft, actor: user.n + 1 }),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual(["committed", "committed", "id_conflict", "committed"]);
    expect(outcomes.map(({ seq }) => seq)).toEqual([1, 1, 0, 2]);
    expect(batches.map(({ drafts }) => drafts.length)).toEqual([3]);
    expect(await appended(journal, draft)).toMatchObject({ code: "repeated", seq: 1 });
    await journal.close();
  });

  test("tries the drafts of a batch that fails one by one, and only the bad one fails", async () => {
    await using rig = await openTestStorage();
    const room = await rig.newOpenRoom();
    const user = await rig.newUser();
    const { log, lines } = keptLog();
    const { journal } = journalOf({ committer: rig.storage.committer, log });
    const made = { id: "bbbbbbbbbbbbbbbbbbbb", kind: "public", name: "", history: "all" } as const;
    // A member that is no user breaks a foreign key, which fails the whole transaction.
    const bad: Draft = { kind: "created", actor: 77_777, by: "x", room: made, data: "{}" };
    const outcomes = await Promise.all(
      [messageDraft(room, user), bad, messageDraft(room, user)].map((draft) => appended(journal, draft)),
    );
    expect(outcomes.map(({ code }) => code)).toEqual(["committed", "internal", "committed"]);
    expect(outcomes.map(({ seq }) => seq)).toEqual([1, 0, 2]);
    expect(lines.some((line) => line.includes("commit_failed"))).toBe(true);
    await journal.close();
  });

  test("takes nothing more once it is closed, and finishes what it took", async () => {
    await using rig = await openTestStorage();
    const room = await rig.newOpenRoom();
    const { journal } = journalOf({ committer: rig.storage.committer });
    const last = appended(journal, messageDraft(room, await rig.newUser()));
    const closing = journal.close();
    expect(await appended(journal, draftOf())).toEqual(failure("storage_unavailable"));
    await closing;
    expect(await last).toMatchObject({ code: "committed", seq: 1 });
    expect(journal.pending).toBe(0);
  });
});

describe("the limits of the journal", () => {
  test(`at most ${drafts_pending_max} drafts wait; the next is told at once`, () => {
    const { journal } = journalOf({ committer: new HeldCommitter(), clock: new ManualClock() });
    const told: string[] = [];
    for (let at = 0; at < drafts_pending_max; at++)
      journal.append(draftOf(), { settle: ({ code }) => void told.push(code) });
    expect(told).toEqual([]);
    journal.append(draftOf(), { settle: ({ code }) => void told.push(code) });
    expect(told).toEqual(["overloaded"]);
    expect(journal.pending).toBe(drafts_pending_max);
  });

  test("the words of those that wait are bounded too", () => {
    const { journal } = journalOf({ committer: new HeldCommitter(), clock: new ManualClock() });
    const large = "x".repeat(64 * 1024);
    const told: string[] = [];
    const count = draft_bytes_pending_max / large.length + 10;
    for (let at = 0; at < count; at++) journal.append(draftOf(large), { settle: ({ code }) => void told.push(code) });
    expect(told).toEqual(Array.from({ length: 10 }, () => "overloaded"));
  });

  test("a batch has its limits, and the rest follows in order", async () => {
    const clock = new ManualClock();
    const committer = new HeldCommitter();
    const { journal, batches } = journalOf({ committer, clock });
    const small = Array.from({ length: batch_drafts_max + 1 }, () => draftOf());
    const large = Array.from({ length: 3 }, () => draftOf("x".repeat(batch_bytes_max / 2)));
    for (const draft of [...small, ...large]) journal.append(draft, { settle() {} });
    while (journal.pending > 0) {
      clock.pass(1);
      committer.calls.at(-1)?.answer();
      await turn();
    }
    expect(batches.flatMap(({ drafts }) => drafts)).toEqual([...small, ...large]);
    expect(batches.map(({ drafts }) => drafts.length)).toEqual([batch_drafts_max, 2, 2]);
  });

  test("a draft that was not taken in time is refused, and one in a batch is told that its outcome is unknown", async () => {
    const clock = new ManualClock();
    const committer = new HeldCommitter();
    const { journal, batches } = journalOf({ committer, clock });
    const told: string[] = [];
    const inBatch = draftOf();
    journal.append(inBatch, { settle: ({ code }) => void told.push(`batch ${code}`) });
    clock.pass(1);
    journal.append(draftOf(), { settle: ({ code }) => void told.push(`waiting ${code}`) });
    clock.pass(draft_wait_ms_max - 500);
    expect(told).toEqual([]);
    clock.pass(1_000);
    expect(told).toEqual(["batch outcome_unknown", "waiting storage_unavailable"]);
    // A retry of what may be stored yet must not become a second draft.
    journal.append(inBatch, { settle: ({ code }) => void told.push(`retry ${code}`) });
    expect(told.at(-1)).toBe("retry outcome_unknown");
    expect(committer.calls.length).toBe(1);
    committer.calls[0]?.answer();
    await turn();
    // It was stored after all: everybody sees it, and its sender has had an answer already.
    expect(batches.length).toBe(1);
    expect(told.length).toBe(3);
    expect(journal.pending).toBe(0);
  });

  test("one batch is in the database at a time", async () => {
    const clock = new ManualClock();
    const committer = new HeldCommitter();
    const { journal } = journalOf({ committer, clock });
    journal.append(draftOf(), { settle() {} });
    clock.pass(1);
    for (let at = 0; at < 5; at++) journal.append(draftOf(), { settle() {} });
    clock.pass(1);
    expect(committer.calls.map(({ drafts }) => drafts.length)).toEqual([1]);
    committer.calls[0]?.answer();
    await turn();
    clock.pass(1);
    expect(committer.calls.map(({ drafts }) => drafts.length)).toEqual([1, 5]);
  });

  test("a fault of the storage is told to all of the batch, and nothing is tried again", async () => {
    for (const code of ["storage_full", "storage_unavailable", "outcome_unknown"] as const) {
      let calls = 0;
      const committer: Committer = {
        commit() {
          calls++;
          return Promise.reject(new StorageError(code, "as the test wants it"));
        },
      };
      const { journal, batches } = journalOf({ committer });
      const outcomes = await Promise.all([appended(journal, draftOf()), appended(journal, draftOf())]);
      expect(outcomes).toEqual([failure(code), failure(code)]);
      expect(calls).toBe(1);
      expect(batches.map(({ outcomes: published }) => published)).toEqual([outcomes]);
      await journal.close();
    }
  });
});
