/** A local database in a folder of its own, for tests. */

import { systemClock } from "../src/lib/clock.ts";
import { shortId, uuidv7 } from "../src/lib/ids.ts";
import { createLog, type Log } from "../src/lib/log.ts";
import { openStorage, type Storage } from "../src/store/database.ts";
import type { MessageDraft } from "../src/store/draft.ts";
import { users } from "../src/store/schema.ts";
import { temporaryFolder } from "./temporary.ts";

/** A log that keeps its lines for the test to look at. */
export function keptLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const log = createLog({ level: "debug", format: "json", clock: systemClock, write: (line) => void lines.push(line) });
  return { log, lines };
}

export interface TestStorage extends AsyncDisposable {
  readonly storage: Storage;
  readonly folder: string;
  readonly lines: readonly string[];
  newUser(): Promise<{ readonly n: number; readonly id: string }>;
  /** An open room, in which anybody may write; its key. */
  newOpenRoom(): Promise<number>;
}

export async function openTestStorage(): Promise<TestStorage> {
  const folder = temporaryFolder();
  const { log, lines } = keptLog();
  const storage = await openStorage({ folder: folder.path, clock: systemClock, log });
  return {
    storage,
    folder: folder.path,
    lines,
    async newUser() {
      const id = shortId();
      const values = { id, issuer: "guest", subject: id, name: "somebody", created_at: 1 };
      const [row] = await storage.db.insert(users).values(values).returning({ n: users.n });
      return { n: row?.n ?? 0, id };
    },
    async newOpenRoom() {
      const room = { id: `open:${shortId()}`, kind: "open", name: "", history: "all" } as const;
      const draft = { kind: "created", actor: 1, by: "", room, data: "{}" } as const;
      const [outcome] = (await storage.committer.commit([draft])).outcomes;
      return outcome?.room ?? 0;
    },
    async [Symbol.asyncDispose]() {
      await storage.close();
      folder[Symbol.dispose]();
    },
  };
}

export function messageDraft(room: number, user: { n: number; id: string }, data = '{"text":"x"}'): MessageDraft {
  return { kind: "message", room, actor: user.n, by: user.id, id: uuidv7(), data };
}
