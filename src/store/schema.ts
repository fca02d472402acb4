/**
 * The tables. Rows point at each other by integer keys `n`; what clients see are the text ids. Rows of the log are
 * appended in commit order, with an index on (room, seq): measured against a table clustered by room this is more than
 * twice as fast to write where many rooms are busy.
 */

import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";

/** What the database knows of itself: its epoch, the run ids, the secret of this installation. */
export const meta = sqliteTable("meta", {
  key: text("key").primaryKey(),
  value: text("value").notNull(),
});

export const users = sqliteTable(
  "users",
  {
    n: integer("n").primaryKey({ autoIncrement: true }),
    id: text("id").notNull().unique(),
    /** Who vouches for the person: `guest`, or `jwt` and the issuer of the host's tokens. */
    issuer: text("issuer").notNull(),
    /** Who the person is to the issuer. */
    subject: text("subject").notNull(),
    name: text("name").notNull(),
    created_at: integer("created_at").notNull(),
    disabled_at: integer("disabled_at"),
  },
  (table) => [uniqueIndex("users_issuer_subject").on(table.issuer, table.subject)],
);

/** A sign-in of a person on a device; it outlives connections. Only the hash of its token is kept. */
export const sessions = sqliteTable(
  "sessions",
  {
    n: integer("n").primaryKey({ autoIncrement: true }),
    hash: text("hash").notNull().unique(),
    user: integer("user")
      .notNull()
      .references(() => users.n),
    created_at: integer("created_at").notNull(),
    revoked_at: integer("revoked_at"),
  },
  (table) => [index("sessions_user").on(table.user)],
);

export const rooms = sqliteTable(
  "rooms",
  {
    n: integer("n").primaryKey({ autoIncrement: true }),
    id: text("id").notNull().unique(),
    kind: text("kind", { enum: ["public", "private", "direct", "broadcast", "open"] }).notNull(),
    name: text("name").notNull(),
    /** The sorted users of a direct room: two people have one such room. */
    direct_key: text("direct_key").unique(),
    /** What retention has left begins here. */
    first_seq: integer("first_seq").notNull().default(1),
    last_seq: integer("last_seq").notNull().default(0),
    /** Time of the last event; the next one is never earlier. Of an open room without any: when somebody was last there. */
    last_at: integer("last_at").notNull().default(0),
    /** What who joins may read: everything, or from the joining on. */
    history: text("history", { enum: ["all", "joined"] })
      .notNull()
      .default("all"),
    created_by: integer("created_by"),
    created_at: integer("created_at").notNull(),
    closed_at: integer("closed_at"),
    settings: text("settings").notNull().default("{}"),
  },
  (table) => [index("rooms_kind").on(table.kind, table.n)],
);

export const members = sqliteTable(
  "members",
  {
    room: integer("room")
      .notNull()
      .references(() => rooms.n),
    user: integer("user")
      .notNull()
      .references(() => users.n),
    role: text("role", { enum: ["owner", "admin", "member"] }).notNull(),
    state: text("state", { enum: ["joined", "left", "banned", "invited"] }).notNull(),
    /** The first seq that this person may read; set at each join by the room's setting. */
    visible_from: integer("visible_from").notNull(),
    joined_seq: integer("joined_seq").notNull(),
    left_seq: integer("left_seq"),
    /** The marks only rise. */
    read_seq: integer("read_seq").notNull().default(0),
    recv_seq: integer("recv_seq").notNull().default(0),
    /** Unix milliseconds until which the person may not write; 0 means not muted. */
    muted_until: integer("muted_until").notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.room, table.user] }), index("members_user").on(table.user, table.state)],
);

/** Messages as they are now: an edit changes the row, a deletion empties it and leaves it. */
export const messages = sqliteTable(
  "messages",
  {
    n: integer("n").primaryKey(),
    room: integer("room").notNull(),
    seq: integer("seq").notNull(),
    id: text("id").notNull(),
    sender: integer("sender").notNull(),
    sent_at: integer("sent_at").notNull(),
    data: text("data").notNull(),
    edited_seq: integer("edited_seq"),
    deleted_seq: integer("deleted_seq"),
  },
  (table) => [
    uniqueIndex("messages_room_seq").on(table.room, table.seq),
    // Ids are time-ordered, so that a new one lands at the right edge of this index.
    uniqueIndex("messages_once").on(table.id, table.sender, table.room),
  ],
);

/** Every other event, from the same seq. A change is a fact and holds no words of anybody. */
export const changes = sqliteTable(
  "changes",
  {
    n: integer("n").primaryKey(),
    room: integer("room").notNull(),
    seq: integer("seq").notNull(),
    kind: text("kind").notNull(),
    /** The user or the message's seq that it is about, by its kind. */
    target: integer("target").notNull(),
    actor: integer("actor").notNull(),
    sent_at: integer("sent_at").notNull(),
    data: text("data").notNull(),
  },
  (table) => [uniqueIndex("changes_room_seq").on(table.room, table.seq)],
);

/** Earlier wordings of an edited message; they go with it. */
export const revisions = sqliteTable(
  "revisions",
  {
    n: integer("n").primaryKey(),
    room: integer("room").notNull(),
    seq: integer("seq").notNull(),
    /** The seq of the edit that replaced this wording. */
    replaced_seq: integer("replaced_seq").notNull(),
    data: text("data").notNull(),
  },
  (table) => [uniqueIndex("revisions_room_seq").on(table.room, table.seq, table.replaced_seq)],
);

/** The queue of everything that happens: a row per batch and room, numbered through the whole database. */
export const commits = sqliteTable(
  "commits",
  {
    n: integer("n").primaryKey({ autoIncrement: true }),
    room: integer("room").notNull(),
    first_seq: integer("first_seq").notNull(),
    last_seq: integer("last_seq").notNull(),
    at: integer("at").notNull(),
  },
  (table) => [index("commits_at").on(table.at)],
);

/**
 * What else every node must hear of, numbered through the whole database. A row only points at what was changed; whoever
 * reads it looks there.
 */
export const controls = sqliteTable(
  "controls",
  {
    n: integer("n").primaryKey({ autoIncrement: true }),
    kind: text("kind", { enum: ["session", "user"] }).notNull(),
    /** `sessions.n` or `users.n`, by its kind. */
    subject: integer("subject").notNull(),
    at: integer("at").notNull(),
  },
  (table) => [index("controls_at").on(table.at)],
);

/** How far each consumer of `commits` has come. */
export const cursors = sqliteTable("cursors", {
  consumer: text("consumer").primaryKey(),
  n: integer("n")
    .notNull()
    .default(sql`0`),
});
