/** Lets a storage thread die again and again: `dying-threads.ts <database> <rounds>`; prints what that cost as JSON. */

import { createLog } from "../../src/lib/log.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { commitSql } from "../../src/store/commit-sql.ts";
import { StorageError } from "../../src/store/draft.ts";
import { StorageThread } from "../../src/store/storage-thread.ts";
import { descriptors } from "./descriptors.ts";
import { eventually } from "../client.ts";

const [, , path = "", rounds = "0"] = process.argv;
const log = createLog({ level: "error", format: "json", clock: systemClock, write: () => {} });
const file = new URL("./mortal-thread.ts", import.meta.url).href;

/** Workers made from here on, the newest last: the only way to reach a thread past its owner. */
const made: Worker[] = [];
globalThis.Worker = new Proxy(globalThis.Worker, {
  construct(target, args: ConstructorParameters<typeof Worker>) {
    const worker = new target(...args);
    made.push(worker);
    return worker;
  },
});

const thread = new StorageThread({ role: "writer", path, log, file });
await thread.start();
thread.watch(10_000);
await thread.ask({ op: "prepare", sql: commitSql });
const before = descriptors(path);
const started = performance.now();
for (let round = 1; round <= Number(rounds); round++) {
  made.at(-1)?.postMessage("die");
  await eventually(() => thread.replaced === round, "another thread");
  const sql = "INSERT INTO meta (key, value) VALUES (?, 'round')";
  await thread.ask({ op: "execute", statement: { sql, args: [`round ${round}`] } });
}
const each_ms = Math.round((performance.now() - started) / Number(rounds));
const leaked = descriptors(path) - before;

// Who waits when it dies hears that the outcome is unknown; who asks before the next one is there is refused.
const select = {
  op: "execute",
  statement: { sql: "SELECT count(*) FROM meta WHERE value = 'round'", args: [] },
} as const;
made.at(-1)?.postMessage("die");
const waiting = await thread.ask(select).then(
  () => "an answer",
  (error: unknown) => (error instanceof StorageError ? error.code : error),
);
if (waiting !== "outcome_unknown") throw new Error(`Expected outcome_unknown; got ${String(waiting)}.`);
await eventually(() => thread.replaced === Number(rounds) + 1, "another thread");
const { result } = await thread.ask(select);
await thread.stop();
console.log(JSON.stringify({ leaked, each_ms, rows: result.rows[0]?.[0] }));
