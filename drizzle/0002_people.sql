CREATE TABLE `address_bans` (
	`n` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`network` text NOT NULL,
	`reason` text NOT NULL,
	`created_by` integer NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `address_bans_id_unique` ON `address_bans` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `address_bans_network_unique` ON `address_bans` (`network`);--> statement-breakpoint
CREATE TABLE `audit` (
	`n` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`target` text NOT NULL,
	`detail` text DEFAULT '{}' NOT NULL,
	`address` text
);
--> statement-breakpoint
CREATE INDEX `audit_target` ON `audit` (`target`,`n`);--> statement-breakpoint
CREATE TABLE `blocks` (
	`user` integer NOT NULL,
	`blocked` integer NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`user`, `blocked`)
);
--> statement-breakpoint
CREATE INDEX `blocks_blocked` ON `blocks` (`blocked`);--> statement-breakpoint
CREATE TABLE `invites` (
	`n` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`hash` text NOT NULL,
	`kind` text NOT NULL,
	`room` integer,
	`created_by` integer,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`uses_max` integer,
	`uses` integer DEFAULT 0 NOT NULL,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `invites_id_unique` ON `invites` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `invites_hash_unique` ON `invites` (`hash`);--> statement-breakpoint
CREATE INDEX `invites_room` ON `invites` (`room`);--> statement-breakpoint
CREATE TABLE `reports` (
	`n` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`room` integer NOT NULL,
	`seq` integer NOT NULL,
	`reporter` integer NOT NULL,
	`reason` text NOT NULL,
	`at` integer NOT NULL,
	`outcome` text,
	`handled_by` integer,
	`handled_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `reports_id_unique` ON `reports` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `reports_once` ON `reports` (`room`,`seq`,`reporter`);--> statement-breakpoint
CREATE INDEX `reports_waiting` ON `reports` (`outcome`,`n`);--> statement-breakpoint
CREATE TABLE `rules` (
	`n` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`text` text NOT NULL,
	`action` text NOT NULL,
	`matches` integer DEFAULT 0 NOT NULL,
	`created_by` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `rules_id_unique` ON `rules` (`id`);--> statement-breakpoint
CREATE TABLE `server_settings` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
ALTER TABLE `controls` ADD `user` integer;--> statement-breakpoint
ALTER TABLE `controls` ADD `seq` integer;--> statement-breakpoint
ALTER TABLE `members` ADD `banned_until` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `members` ADD `ban_reason` text;--> statement-breakpoint
ALTER TABLE `members` ADD `invited_by` integer;--> statement-breakpoint
ALTER TABLE `members` ADD `last_sent_at` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `rooms` ADD `topic` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `rooms` ADD `post` text DEFAULT 'members' NOT NULL;--> statement-breakpoint
ALTER TABLE `rooms` ADD `invite` text DEFAULT 'members' NOT NULL;--> statement-breakpoint
ALTER TABLE `rooms` ADD `slow_ms` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `rooms` ADD `members` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `rooms` ADD `deleted_at` integer;--> statement-breakpoint
ALTER TABLE `users` ADD `role` text DEFAULT 'member' NOT NULL;--> statement-breakpoint
ALTER TABLE `users` ADD `username` text;--> statement-breakpoint
ALTER TABLE `users` ADD `owner` integer;--> statement-breakpoint
ALTER TABLE `users` ADD `status` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `users` ADD `status_text` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `users` ADD `last_seen_at` integer;--> statement-breakpoint
ALTER TABLE `users` ADD `last_seen_hidden` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `members_above` ON `members` (`room`,`user`) WHERE "members"."role" <> 'member';--> statement-breakpoint
CREATE UNIQUE INDEX `users_username_unique` ON `users` (`username`);--> statement-breakpoint
CREATE INDEX `users_called` ON `users` ("name" COLLATE NOCASE) WHERE "users"."role" <> 'guest';--> statement-breakpoint
UPDATE `users` SET `role` = 'guest' WHERE `issuer` = 'guest';--> statement-breakpoint
UPDATE `rooms` SET `members` = (SELECT count(*) FROM `members` m WHERE m.`room` = `rooms`.`n` AND m.`state` = 'joined');--> statement-breakpoint
CREATE TRIGGER `audit_unchanged` BEFORE UPDATE ON `audit` BEGIN SELECT RAISE(ABORT, 'rows of the audit log are never changed'); END;--> statement-breakpoint
CREATE TRIGGER `audit_kept` BEFORE DELETE ON `audit` BEGIN SELECT RAISE(ABORT, 'rows of the audit log are never removed'); END;
