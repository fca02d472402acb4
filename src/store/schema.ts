/**
 * The tables. Rows point at each other by integer keys `n`; what clients see are the text ids. Rows of the log are
 * appended in commit order, with an index on (room, seq): measured against a table clustered by room this is more than
 * twice as fast to write where many rooms are busy.
 */

import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { roomRoles, serverRoles } from "../protocol/roles.ts";

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
    role: text("role", { enum: serverRoles }).notNull().default("member"),
    /** What people of this server call each other by; unique, lower case. Guests and hosts' users need none. */
    username: text("username").unique(),
    /** Whose bot it is. */
    owner: integer("owner"),
    /** What the person has chosen to be shown as; whether they are here is told by leases. */
    status: text("status", { enum: ["", "away", "busy", "invisible"] })
      .notNull()
      .default(""),
    status_text: text("status_text").notNull().default(""),
    /** When the last connection ended; shown unless the person hides it. */
    last_seen_at: integer("last_seen_at"),
    last_seen_hidden: integer("last_seen_hidden").notNull().default(0),
  },
  (table) => [
    uniqueIndex("users_issuer_subject").on(table.issuer, table.subject),
    // Whoever looks for somebody types how the name begins, and does not look among guests.
    index("users_called")
      .on(sql`${table.name} COLLATE NOCASE`)
      .where(sql`${table.role} <> 'guest'`),
  ],
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
    topic: text("topic").notNull().default(""),
    post: text("post", { enum: ["members", "moderators"] })
      .notNull()
      .default("members"),
    invite: text("invite", { enum: ["members", "moderators"] })
      .notNull()
      .default("members"),
    slow_ms: integer("slow_ms").notNull().default(0),
    /** How many have joined and not left. */
    members: integer("members").notNull().default(0),
    /** Gone for everybody; what it held is removed later. */
    deleted_at: integer("deleted_at"),
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
    role: text("role", { enum: roomRoles }).notNull(),
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
    /** Unix milliseconds at which a ban ends; 0: it never does. */
    banned_until: integer("banned_until").notNull().default(0),
    ban_reason: text("ban_reason"),
    invited_by: integer("invited_by"),
    /** When the person last wrote; kept only while the room is in slow mode. */
    last_sent_at: integer("last_sent_at").notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.room, table.user] }),
    index("members_user").on(table.user, table.state),
    // The few of a room of 100,000 who are more than members.
    index("members_above")
      .on(table.room, table.user)
      .where(sql`${table.role} <> 'member'`),
  ],
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

/**
 * The queue of everything that happens: a row per batch and room, numbered through the whole database. Each commit writes
 * one, so it has neither an index nor SQLite's own counter: the newest row always stays, and the next is one above it.
 */
export const commits = sqliteTable("commits", {
  n: integer("n").primaryKey(),
  room: integer("room").notNull(),
  first_seq: integer("first_seq").notNull(),
  last_seq: integer("last_seq").notNull(),
  at: integer("at").notNull(),
});

/**
 * What else every node must hear of, numbered through the whole database. A row only points at what was changed; whoever
 * reads it looks there.
 */
export const controls = sqliteTable(
  "controls",
  {
    n: integer("n").primaryKey({ autoIncrement: true }),
    kind: text("kind", { enum: ["session", "account_session", "api_key", "user", "place", "settings"] }).notNull(),
    /** `n` of `sessions`, `account_sessions`, `api_keys`, `users` or `rooms` by its kind; 0 for the settings of the server. */
    subject: integer("subject").notNull(),
    at: integer("at").notNull(),
    /** Of a place: `users.n` of whose it is, and the seq behind which it changed. */
    user: integer("user"),
    seq: integer("seq"),
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

/** Links by which people come: to a room, to the server, or, once, to own it. Only the hash of a link's token is kept. */
export const invites = sqliteTable(
  "invites",
  {
    n: integer("n").primaryKey({ autoIncrement: true }),
    id: text("id").notNull().unique(),
    hash: text("hash").notNull().unique(),
    kind: text("kind", { enum: ["room", "server", "owner"] }).notNull(),
    room: integer("room"),
    created_by: integer("created_by"),
    created_at: integer("created_at").notNull(),
    /** Unix milliseconds; null: never. */
    expires_at: integer("expires_at"),
    /** How often it can be used; null: without limit. */
    uses_max: integer("uses_max"),
    uses: integer("uses").notNull().default(0),
    revoked_at: integer("revoked_at"),
  },
  (table) => [index("invites_room").on(table.room)],
);

/** Who does not want to hear of whom. */
export const blocks = sqliteTable(
  "blocks",
  {
    user: integer("user").notNull(),
    blocked: integer("blocked").notNull(),
    at: integer("at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.user, table.blocked] }), index("blocks_blocked").on(table.blocked)],
);

/** Messages that somebody has reported, as a queue. */
export const reports = sqliteTable(
  "reports",
  {
    n: integer("n").primaryKey({ autoIncrement: true }),
    id: text("id").notNull().unique(),
    room: integer("room").notNull(),
    seq: integer("seq").notNull(),
    reporter: integer("reporter").notNull(),
    reason: text("reason").notNull(),
    at: integer("at").notNull(),
    /** What a moderator did about it; null while it waits. */
    outcome: text("outcome", { enum: ["kept", "deleted", "muted", "banned"] }),
    handled_by: integer("handled_by"),
    handled_at: integer("handled_at"),
  },
  (table) => [
    uniqueIndex("reports_once").on(table.room, table.seq, table.reporter),
    index("reports_waiting").on(table.outcome, table.n),
  ],
);

/** Words and patterns that are not wanted in messages. A rule on trial refuses nothing and counts what it would. */
export const rules = sqliteTable("rules", {
  n: integer("n").primaryKey({ autoIncrement: true }),
  id: text("id").notNull().unique(),
  kind: text("kind", { enum: ["word", "pattern"] }).notNull(),
  text: text("text").notNull(),
  action: text("action", { enum: ["refuse", "report", "trial"] }).notNull(),
  matches: integer("matches").notNull().default(0),
  created_by: integer("created_by").notNull(),
  created_at: integer("created_at").notNull(),
});

/** Addresses that nobody may come from. */
export const addressBans = sqliteTable("address_bans", {
  n: integer("n").primaryKey({ autoIncrement: true }),
  id: text("id").notNull().unique(),
  /** A network, `192.0.2.0/24` or `2001:db8::/48`. */
  network: text("network").notNull().unique(),
  reason: text("reason").notNull(),
  created_by: integer("created_by").notNull(),
  created_at: integer("created_at").notNull(),
  /** Unix milliseconds; null: never. */
  expires_at: integer("expires_at"),
});

/** Settings that an administrator changes while the server runs; a missing one has the value of the configuration. */
export const serverSettings = sqliteTable("server_settings", {
  key: text("key").primaryKey(),
  value: text("value").notNull(),
});

/** Every administrative act. Rows are added and never changed: triggers see to it. */
export const audit = sqliteTable(
  "audit",
  {
    n: integer("n").primaryKey({ autoIncrement: true }),
    at: integer("at").notNull(),
    /** `users.id` of who did it; `$cli` on the command line. */
    actor: text("actor").notNull(),
    action: text("action").notNull(),
    /** What it was done to: `user:<id>`, `room:<id>`, `rule:<id>` … */
    target: text("target").notNull(),
    /** JSON: what else matters. No secret and no words of a message. */
    detail: text("detail").notNull().default("{}"),
    /** The address that it came from, where there is one. */
    address: text("address"),
  },
  (table) => [index("audit_target").on(table.target, table.n)],
);
