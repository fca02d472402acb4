/**
 * What the next version of confab would do at its start: migrate, copying first. `next-version.ts <data folder>
 * [<database to copy there before>]`; prints a line as the migration begins, or how long it took where a copy was asked.
 */

import { copyFileSync, mkdirSync, rmSync } from "node:fs";
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
const started = performance.now();
if (source === undefined) console.log("begins");
await migrate({
  client: new ThreadedClient({ writer, reader: writer }),
  log,
  list,
  async copy(tag) {
    const target = `${folder}/confab-before-${tag}-${Date.now()}.db`;
    await writer.ask({ op: "execute", statement: { sql: "VACUUM INTO ?", args: [target] } });
    return target;
  },
});
if (source !== undefined) console.log(performance.now() - started);
await writer.stop();
if (source !== undefined) rmSync(folder, { recursive: true });
process.exit(0);
