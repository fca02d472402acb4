/** The migrations that this program knows, in order; their SQL is inside the executable. A test compares with the folder. */

import first from "../../drizzle/0000_first.sql" with { type: "text" };
import controls from "../../drizzle/0001_controls.sql" with { type: "text" };
import people from "../../drizzle/0002_people.sql" with { type: "text" };
import accounts from "../../drizzle/0003_accounts.sql" with { type: "text" };
import commits from "../../drizzle/0004_commits.sql" with { type: "text" };

export interface Migration {
  readonly tag: string;
  /** When it was made, in Unix milliseconds, from `drizzle/meta/_journal.json`: it rises. */
  readonly when: number;
  readonly sql: string;
}

export const migrations: readonly Migration[] = [
  { tag: "0000_first", when: 1_795_258_260_289, sql: first },
  { tag: "0001_controls", when: 1_795_262_784_398, sql: controls },
  { tag: "0002_people", when: 1_795_268_554_450, sql: people },
  { tag: "0003_accounts", when: 1_795_269_028_263, sql: accounts },
  { tag: "0004_commits", when: 1_795_293_893_795, sql: commits },
];
