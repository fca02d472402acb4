/**
 * The epoch of the logs, and how a replaced database file is noticed. Each start writes a new run id into the database
 * and then into a file beside it, and each is on disk before anything follows. A crash between the two leaves the file
 * one run behind, which the database remembers; any other disagreement means that the database is not the one that this
 * folder last held, and clients' positions may point at events that it never had: the epoch changes, and they are told
 * `recovered: false`.
 */

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { logEpoch, shortId } from "../lib/ids.ts";
import { flushNames, flushToDisk } from "./flush.ts";
import { ensureMeta, readMeta, writeMeta } from "./meta.ts";
import type { Database } from "./orm.ts";

export interface Identity {
  readonly epoch: string;
  /** The database file was replaced since the last start. */
  readonly replaced: boolean;
}

/** Without a folder (a remote database, shared by nodes) the epoch stands as it is. */
export async function identify(db: Database, folder: string | undefined): Promise<Identity> {
  const epoch = await ensureMeta(db, "epoch", logEpoch());
  if (folder === undefined) return { epoch, replaced: false };
  const path = `${folder}/run`;
  const beside = existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
  const inside = await readMeta(db, "run_id");
  const before = await readMeta(db, "run_id_before");
  const first = inside === undefined && beside === undefined;
  const replaced = !first && (beside === undefined || (beside !== inside && beside !== before));
  const now = replaced ? logEpoch() : epoch;
  const run = shortId();
  await writeMeta(db, { epoch: now, run_id_before: beside ?? "", run_id: run });
  writeFileSync(`${path}.new`, `${run}\n`);
  // What is not synced may be empty, full of zeros or two runs behind after a power cut, and the epoch would change.
  await flushToDisk(`${path}.new`);
  renameSync(`${path}.new`, path);
  await flushNames(folder);
  return { epoch: now, replaced };
}
