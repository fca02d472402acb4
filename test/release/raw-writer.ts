/**
 * A program that stores numbers with bare libSQL, as durably as it is told: `raw-writer.ts <database> <synchronous>`. Its
 * first line says how many are stored, and which is the highest; then it prints each number once its commit is through.
 */

import { writeSync } from "node:fs";
import Database from "libsql";

const [, , path = "", synchronous = "FULL"] = process.argv;
const db = new Database(path);
db.exec("PRAGMA journal_mode=WAL");
db.exec(`PRAGMA synchronous=${synchronous}`);
db.exec("CREATE TABLE IF NOT EXISTS numbers (n INTEGER PRIMARY KEY, text TEXT NOT NULL)");
// The empty table is on the disk in any case: what a cut takes are numbers.
db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
const [count, top] = db.prepare("SELECT count(*), coalesce(max(n), 0) FROM numbers").raw().get() as [number, number];
writeSync(1, `${count} ${top}\n`);
const insert = db.prepare("INSERT INTO numbers VALUES (?, ?)");
for (let n = top + 1; ; n++) {
  db.exec("BEGIN IMMEDIATE");
  insert.run(n, "x".repeat(200));
  db.exec("COMMIT");
  writeSync(1, `${n}\n`);
}
