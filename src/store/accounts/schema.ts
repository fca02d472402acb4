/**
 * The tables of people who have an account here, as better-auth wants them: its field names are the keys. Triggers keep
 * `users` in step: an account is the person of the issuer `local` whose subject, and whose id, is the account's id.
 */

import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";

const created = () => integer("created_at", { mode: "timestamp_ms" }).notNull();
const updated = () => integer("updated_at", { mode: "timestamp_ms" }).notNull();

export const accounts = sqliteTable("accounts", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  /** Who gave none has one that ends in `.invalid` and is never shown or written to. */
  email: text("email").notNull().unique(),
  emailVerified: integer("email_verified", { mode: "boolean" }).notNull().default(false),
  image: text("image"),
  createdAt: created(),
  updatedAt: updated(),
  /** Lower case. */
  username: text("username").unique(),
  twoFactorEnabled: integer("two_factor", { mode: "boolean" }).notNull().default(false),
});

/** A sign-in of an account on a device. Only the hash of its token is kept, and the row outlives the sign-in a while. */
export const accountSessions = sqliteTable(
  "account_sessions",
  {
    n: integer("n").primaryKey({ autoIncrement: true }),
    id: text("id").notNull().unique(),
    /** The SHA-256 of the token. */
    token: text("hash").notNull().unique(),
    userId: text("account")
      .notNull()
      .references(() => accounts.id),
    expiresAt: integer("expires_at", { mode: "timestamp_ms" }).notNull(),
    createdAt: created(),
    updatedAt: updated(),
    ipAddress: text("address"),
    userAgent: text("agent"),
    /** Unix milliseconds at which it was ended. */
    revokedAt: integer("revoked_at"),
  },
  (table) => [index("account_sessions_account").on(table.userId), index("account_sessions_expiry").on(table.expiresAt)],
);

/** The ways in which an account is proved: a password (`credential`), or a sign-in at an OIDC provider. */
export const credentials = sqliteTable(
  "credentials",
  {
    id: text("id").primaryKey(),
    /** Who it is to the provider. */
    accountId: text("subject").notNull(),
    providerId: text("provider").notNull(),
    userId: text("account")
      .notNull()
      .references(() => accounts.id),
    accessToken: text("access_token"),
    refreshToken: text("refresh_token"),
    idToken: text("id_token"),
    accessTokenExpiresAt: integer("access_token_expires_at", { mode: "timestamp_ms" }),
    refreshTokenExpiresAt: integer("refresh_token_expires_at", { mode: "timestamp_ms" }),
    scope: text("scope"),
    /** An argon2id hash. */
    password: text("password"),
    createdAt: created(),
    updatedAt: updated(),
  },
  (table) => [
    uniqueIndex("credentials_subject").on(table.providerId, table.accountId),
    index("credentials_account").on(table.userId),
  ],
);

/** What is waited for: a reset of a password, a second factor, an answer of a provider. Names are hashed. */
export const verifications = sqliteTable(
  "verifications",
  {
    id: text("id").primaryKey(),
    identifier: text("identifier").notNull(),
    value: text("value").notNull(),
    expiresAt: integer("expires_at", { mode: "timestamp_ms" }).notNull(),
    createdAt: created(),
    updatedAt: updated(),
  },
  (table) => [
    index("verifications_identifier").on(table.identifier),
    index("verifications_expiry").on(table.expiresAt),
  ],
);

/** The second factor of an account: secret and recovery codes, encrypted with the server's account secret. */
export const secondFactors = sqliteTable("second_factors", {
  id: text("id").primaryKey(),
  secret: text("secret").notNull(),
  backupCodes: text("backup_codes").notNull(),
  userId: text("account")
    .notNull()
    .unique()
    .references(() => accounts.id),
  verified: integer("verified", { mode: "boolean" }).notNull().default(true),
  failedVerificationCount: integer("failed_verifications").notNull().default(0),
  lockedUntil: integer("locked_until", { mode: "timestamp_ms" }),
});

/** Keys with which programs come in as a person or a bot, for what their scopes allow. Only the hash is kept. */
export const apiKeys = sqliteTable(
  "api_keys",
  {
    n: integer("n").primaryKey({ autoIncrement: true }),
    id: text("id").notNull().unique(),
    hash: text("hash").notNull().unique(),
    /** `users.n` of whom it speaks for. */
    user: integer("user").notNull(),
    name: text("name").notNull(),
    /** Separated by spaces. */
    scopes: text("scopes").notNull(),
    created_by: integer("created_by").notNull(),
    created_at: integer("created_at").notNull(),
    /** Unix milliseconds; null: never. */
    expires_at: integer("expires_at"),
    revoked_at: integer("revoked_at"),
  },
  (table) => [index("api_keys_user").on(table.user)],
);
