/** What lies beside a backup's file and says what the file must be. */

import { createReadStream, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { OperatorError } from "../lib/operator-error.ts";
import { migrations } from "./migrations.ts";

export const backupFile = "confab.db";
export const manifestFile = "manifest.json";

const manifestSchema = z.object({
  format: z.literal(1),
  file: z.literal(backupFile),
  bytes: z.number(),
  sha256: z.string(),
  /** Of the logs inside; a restore gives them a new one. */
  epoch: z.string(),
  /** The confab that made it, and the newest migration that it knew. */
  version: z.string(),
  migration: z.string(),
  /** Everything that was acknowledged before this time is inside. */
  started_at: z.string(),
  finished_at: z.string(),
  users: z.number(),
  rooms: z.number(),
  messages: z.number(),
  changes: z.number(),
  /** The number of the last commit. */
  last_commit: z.number(),
});

export type Manifest = z.infer<typeof manifestSchema>;

export async function fileSha256(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) hasher.update(piece as Buffer);
  return hasher.digest("hex");
}

/** The manifest of a backup whose file is what it says, by this program or an older one; otherwise an OperatorError. */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, manifestFile);
  if (!existsSync(path)) {
    throw new OperatorError(
      `Expected a backup in ${folder}, and there is no ${manifestFile}: name the folder of one backup.`,
    );
  }
  const manifest = parse(path);
  const newest = migrations.at(-1)?.tag ?? "";
  if (manifest.migration > newest) {
    throw new OperatorError(
      `The backup was made by confab ${manifest.version}, which is newer than this one: use that version or a later one.`,
    );
  }
  const file = join(folder, manifest.file);
  if (!existsSync(file)) throw new OperatorError(`The backup in ${folder} has lost its file ${manifest.file}.`);
  if ((await fileSha256(file)) !== manifest.sha256) {
    throw new OperatorError(`${file} is not what its manifest says: it was changed or cut. Take another backup.`);
  }
  return manifest;
}

function parse(path: string): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    throw new OperatorError(`${path} is no manifest of a backup that this confab knows.`, { cause });
  }
}
