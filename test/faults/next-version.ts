/**
 * What the next version of confab would do at its start: migrate, copying first. `next-version.ts <data folder>
 * [<database to copy there before>]`; prints a line as it begins and one when the copy is made; with a second argument it
 * prints how long the migration itself took, and leaves nothing behind.
 */

import { copyFileSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { systemClock } from "../../src/lib/clock.ts";
import { createLog } from "../../src/lib/log.ts";
import { ThreadedClient } from "../../src/store/client.ts";
import { migrate } from "../../src/store/migrate.ts";
import { migrations } from "../../src/store/migrations.ts";
import { StorageThread } from "../../src/store/storage-thread.ts";

const [, , folder = "", source] = process.argv;
const path = `${folder}/confab.db`;
if (source !== undefined) {
  mkdirSync(folder);
  copyFileSync(source, path);
}
const sql = [
  "ALTER TABLE messages ADD COLUMN mood TEXT;",
  "UPDATE messages SET mood = 'fine';",
  "CREATE INDEX messages_mood ON messages (mood);",
].join("\n--> statement-breakpoint\n");
const newest = migrations.at(-1)?.when ?? 0;
const list = [...migrations, { tag: "9999_next", when: newest + 1, sql }];

const log = createLog({ level: "error", format: "json", clock: systemClock, write: console.error });
const writer = new StorageThread({ role: "writer", path, log });
await writer.start();
let copied_ms = 0;
if (source === undefined) console.log("begins");
await migrate({
  client: new ThreadedClient({ writer, reader: writer }),
  log,
  list,
  async copy(tag) {
    const target = `${folder}/confab-before-${tag}-${Date.now()}.db`;
    await writer.ask({ op: "execute", statement: { sql: "VACUUM INTO ?", args: [`${target}.partial`] } });
    renameSync(`${target}.partial`, target);
    copied_ms = performance.now();
    if (source === undefined) console.log("copied");
    return target;
  },
});
if (source !== undefined) console.log(performance.now() - copied_ms);
await writer.stop();
if (source !== undefined) rmSync(folder, { recursive: true });
process.exit(0);
