/** Backups by the clock: one whenever the newest in the folder is old enough, restarts or not. */

import { readdirSync } from "node:fs";
import type { Timer } from "../lib/clock.ts";
import { backUp, backupTime, dropOldBackups, type BackupOptions } from "./backup.ts";

const check_ms = 15_000;

export interface BackupTimerOptions extends BackupOptions {
  readonly every_minutes: number;
  readonly keep: number;
}

/** Runs until it is cancelled. A backup that fails is a line in the log, and tried again a minute later. */
export function backUpRegularly(options: BackupTimerOptions): Timer {
  const { clock, folder, log } = options;
  const every_ms = options.every_minutes * 60_000;
  let working = false;
  let failed_ms = Number.NEGATIVE_INFINITY;
  return clock.every(check_ms, () => {
    if (working || clock.monotonic() - failed_ms < 60_000 || clock.now() - newest(folder) < every_ms) return;
    working = true;
    backUp(options)
      .then(() => {
        const dropped = dropOldBackups(folder, options.keep);
        if (dropped.length > 0) log.info("backups_dropped", { dropped });
      })
      .catch((error: unknown) => {
        failed_ms = clock.monotonic();
        log.error("backup_failed", { folder, error });
      })
      .finally(() => {
        working = false;
      });
  });
}

/** When the newest backup there was made, in Unix milliseconds; 0 where there is none. */
function newest(folder: string): number {
  try {
    return Math.max(0, ...readdirSync(folder).map(backupTime));
  } catch {
    // The first backup makes the folder.
    return 0;
  }
}
