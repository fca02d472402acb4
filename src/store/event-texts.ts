/** The texts of publications as SQL that makes them from rows. */

import { namesOf } from "./names.ts";
import { changes, messages, users } from "./schema.ts";

const u = namesOf(users);
const g = namesOf(messages);
const c = namesOf(changes);

/** The sender by a look-up a row: cheaper than a join, and rows come in the order of the index. */
export const userId = (key: string): string => `(SELECT ${u.of.id} FROM ${u.table} WHERE ${u.of.n} = ${key})`;

// The two texts must equal what `publicationText` makes; test/unit/store/history.test.ts compares them. One call of `format`
// is cheaper than joining all the parts one by one.
const format = (template: string, values: readonly string[]): string => `format('${template}', ${values.join(", ")})`;

export const messageText = (data: string): string =>
  format('{"offset":%d,"data":%s,"info":{"user":"%s"},"time":%d,"tags":{"id":"%s","at":"%d"}}', [
    `g.${g.of.seq}`,
    data,
    userId(`g.${g.of.sender}`),
    `g.${g.of.sent_at}`,
    `g.${g.of.id}`,
    `g.${g.of.sent_at}`,
  ]);
export const changeText = (data: string): string =>
  format('{"offset":%d,"data":%s,"info":{"user":"%s"},"time":%d,"tags":{"at":"%d","kind":"%s"}}', [
    `c.${c.of.seq}`,
    data,
    userId(`c.${c.of.actor}`),
    `c.${c.of.sent_at}`,
    `c.${c.of.sent_at}`,
    `c.${c.of.kind}`,
  ]);
