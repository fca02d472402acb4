/** Another program that holds the write lock of a database for a while: `lock-holder.ts <database> <ms>`. */

import Database from "libsql";

const [, , path = "", held_ms = "0"] = process.argv;
const db = new Database(path, { timeout: 5_000 });
db.exec("BEGIN IMMEDIATE");
console.log("held");
setTimeout(() => {
  db.exec("ROLLBACK");
  console.log("released");
  db.close();
}, Number(held_ms));
