/** People as others find them: by how they are called, and what they are shown as. */

import type { Client } from "@libsql/client";
import { eq, sql } from "drizzle-orm";
import type { Status } from "../protocol/passing.ts";
import { namesOf } from "./names.ts";
import type { Database } from "./orm.ts";
import { blocks, controls, users } from "./schema.ts";

export interface FoundPerson {
  readonly id: string;
  readonly name: string;
  readonly username: string | null;
}

const u = namesOf(users);
const b = namesOf(blocks);

/** The last character there is: whatever begins so comes before it. */
const end = "char(1114111)";
/** The server has users of its own, with which it looks after itself. */
const shown = `u.${u.of.role} <> 'guest' AND u.${u.of.disabled_at} IS NULL AND u.${u.of.issuer} <> 'confab'`;
const person = `u.${u.of.id} AS id, u.${u.of.name} AS name, u.${u.of.username} AS username`;

/**
 * ?1 spellings of how the name begins, ?2 how the user name does, ?3 how many. Both along an index; the first of them
 * ignores upper and lower case of ASCII, and is used where the condition names the guests in these words.
 */
const findSql = `SELECT json_group_array(json_array(id, name, username)) FROM (
    SELECT id, name, username FROM (
      SELECT * FROM (SELECT ${person} FROM ${u.table} u
        WHERE u.${u.of.username} >= ?2 AND u.${u.of.username} < ?2 || ${end} AND ${shown}
        ORDER BY u.${u.of.username} LIMIT ?3)
      UNION
      SELECT * FROM (SELECT ${person} FROM json_each(?1) q CROSS JOIN ${u.table} u
        WHERE u.${u.of.name} COLLATE NOCASE >= q.value AND u.${u.of.name} COLLATE NOCASE < q.value || ${end} AND ${shown}
        LIMIT ?3))
    ORDER BY name COLLATE NOCASE, id LIMIT ?3)`;

/** The database knows upper and lower case of ASCII only: of other letters the usual spellings are asked for. */
function spellings(query: string): string[] {
  const lower = query.toLowerCase();
  const [first = "", ...rest] = Array.from(lower);
  return [...new Set([query, lower, first.toUpperCase() + rest.join(""), query.toUpperCase()])];
}

/** People, no guests among them, whose name or user name begins so. */
export async function peopleCalled(client: Client, asked: { query: string; limit: number }): Promise<FoundPerson[]> {
  const { query, limit } = asked;
  const args = [JSON.stringify(spellings(query)), query.toLowerCase(), limit];
  const { rows } = await client.execute({ sql: findSql, args });
  const found = JSON.parse(rows[0]?.[0] as string) as [string, string, string | null][];
  return found.map(([id, name, username]) => ({ id, name, username }));
}

export interface StatusRow {
  readonly id: string;
  readonly status: Status;
  readonly text: string;
  readonly last_seen_at: number | null;
  readonly last_seen_hidden: boolean;
  /** They do not want to hear of whoever asks. */
  readonly blocks: boolean;
}

const statusesSql = `SELECT json_group_array(json_array(u.${u.of.id}, u.${u.of.status}, u.${u.of.status_text}, u.${u.of.last_seen_at},
    u.${u.of.last_seen_hidden}, EXISTS (SELECT 1 FROM ${b.table} WHERE ${b.of.user} = u.${u.of.n} AND ${b.of.blocked} = ?2)))
  FROM ${u.table} u WHERE u.${u.of.id} IN (SELECT value FROM json_each(?1)) AND u.${u.of.disabled_at} IS NULL`;

/** What people have chosen to be shown as. Unknown and disabled ones are missing from the answer. */
export async function statusesOf(
  client: Client,
  asked: { ids: readonly string[]; asker: number },
): Promise<StatusRow[]> {
  const { rows } = await client.execute({ sql: statusesSql, args: [JSON.stringify(asked.ids), asked.asker] });
  const found = JSON.parse(rows[0]?.[0] as string) as [string, Status, string, number | null, 0 | 1, 0 | 1][];
  return found.map(([id, status, text, last_seen_at, hidden, blocking]) => {
    return { id, status, text, last_seen_at, last_seen_hidden: hidden === 1, blocks: blocking === 1 };
  });
}

/** What a person has chosen, with a note for the other nodes, in one transaction. What is undefined stays. */
export async function setStatus(
  db: Database,
  set: { n: number; at: number; status: Status; text: string | undefined; hide_last_seen: boolean | undefined },
): Promise<void> {
  const { n, at, status, text, hide_last_seen } = set;
  const changed = {
    status,
    ...(text === undefined ? {} : { status_text: text }),
    ...(hide_last_seen === undefined ? {} : { last_seen_hidden: hide_last_seen ? 1 : 0 }),
  };
  await db.batch([
    db.update(users).set(changed).where(eq(users.n, n)),
    db.insert(controls).values({ kind: "user", subject: n, at }),
  ]);
}

/** When people were last here; the newest counts. */
export async function setLastSeen(db: Database, seen: readonly (readonly [n: number, at: number])[]): Promise<void> {
  const listed = JSON.stringify(seen);
  await db.run(sql`UPDATE ${users} SET last_seen_at = max(ifnull(last_seen_at, 0), seen.value ->> 1)
    FROM json_each(${listed}) AS seen WHERE ${users.n} = seen.value ->> 0`);
}
