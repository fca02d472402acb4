/** Retention: takes the oldest events of a room away. */

import type { Client } from "@libsql/client";
import { namesOf } from "./names.ts";
import { changes, messages, revisions, rooms } from "./schema.ts";

const r = namesOf(rooms);

/** What is left of the room begins at `first`. */
export async function trimRoom(
  client: Client,
  asked: { readonly room: number; readonly first: number },
): Promise<void> {
  const args = [asked.room, asked.first];
  const below = [messages, changes, revisions].map((table) => {
    const { table: name, of } = namesOf(table);
    return { sql: `DELETE FROM ${name} WHERE ${of.room} = ?1 AND ${of.seq} < ?2`, args };
  });
  const first = {
    sql: `UPDATE ${r.table} SET ${r.of.first_seq} = ?2 WHERE ${r.of.n} = ?1 AND ${r.of.first_seq} < ?2`,
    args,
  };
  await client.batch([...below, first], "write");
}
