/** A node that takes the lease of migrations and makes the first of them, and then takes very long: `dying-migration.ts <url> <lease ms>`. */

import { systemClock } from "../../src/lib/clock.ts";
import { createLog } from "../../src/lib/log.ts";
import { migrate } from "../../src/store/migrate.ts";
import { migrations } from "../../src/store/migrations.ts";
import { openRemote } from "../../src/store/remote.ts";

const [, , url = "", ms = ""] = process.argv;
const log = createLog({ level: "error", format: "text", write: (line) => console.log(line), clock: systemClock });
const { client } = await openRemote({ url, token: undefined, clock: systemClock });
const [first, second] = migrations;
if (first === undefined || second === undefined) throw new Error("Expected two migrations");
const counting =
  "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000000) SELECT sum(x) FROM c";
const list = [first, { ...second, sql: `${second.sql}\n--> statement-breakpoint\nCREATE TABLE slow AS ${counting}` }];
await migrate({ client, log, list, lease: { clock: systemClock, holder: "the dead one", ms: Number(ms) } });
