/**
 * One server per data folder: an exclusive transaction on a lock file of its own. It is refused at once, and free as
 * soon as its holder dies, however it dies; a file with a process id would lie after a kill -9.
 */

import Database from "libsql";
import { OperatorError } from "../lib/operator-error.ts";

export class LockedError extends OperatorError {
  override readonly name = "LockedError";
}

export interface Lock {
  release(): void;
}

/** A lock whose connection is collected is free: this keeps those that nobody has released. */
const held = new Set<Database.Database>();

/** Takes the lock of a data folder, or throws `LockedError` with the sentence for the operator. */
export function takeLock(folder: string): Lock {
  const db = new Database(`${folder}/confab.lock`, { timeout: 0 });
  try {
    db.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    db.close();
    throw new LockedError(
      `Another confab server uses the data folder ${folder}. Stop it first, or give this one a folder of its own with --data.`,
      { cause },
    );
  }
  held.add(db);
  return {
    release() {
      held.delete(db);
      db.exec("ROLLBACK");
      db.close();
    },
  };
}
