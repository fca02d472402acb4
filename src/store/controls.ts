/** Notes for the other nodes, written in the transaction of what they are about. */

import type { Database } from "./orm.ts";
import { controls } from "./schema.ts";

/** Settings of the server, its rules or its banned addresses have changed. */
export function settingsChanged(db: Database, at: number) {
  return db.insert(controls).values({ kind: "settings", subject: 0, at });
}

/** What is known of a person (`users.n`) has changed. */
export function personChanged(db: Database, person: { n: number; at: number }) {
  return db.insert(controls).values({ kind: "user", subject: person.n, at: person.at });
}
