/** A database whose answers a test may hold back. */

import { StorageError } from "../src/store/draft.ts";
import { createOrm, type Database, type StorageClient } from "../src/store/orm.ts";

export interface HeldReads {
  readonly db: Database;
  /** The next question is asked at once and answered when `answer` is called; resolves when the database has told. */
  hold(): Promise<void>;
  answer(): void;
  /** The next question is not answered at all. */
  fail(): void;
}

export function holdReads(client: StorageClient): HeldReads {
  let holding: { readonly read: () => void; readonly answered: Promise<void> } | undefined;
  let answer = (): void => {};
  let failing = false;
  const execute = async (statement: Parameters<StorageClient["execute"]>[0]) => {
    if (failing) {
      failing = false;
      throw new StorageError("storage_unavailable", "no answer");
    }
    const held = holding;
    holding = undefined;
    const result = await client.execute(statement);
    held?.read();
    await held?.answered;
    return result;
  };
  return {
    db: createOrm({ ...client, execute }),
    hold() {
      const [read, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      holding = { read: read.resolve, answered: answered.promise };
      answer = answered.resolve;
      return read.promise;
    },
    answer: () => answer(),
    fail() {
      failing = true;
    },
  };
}
