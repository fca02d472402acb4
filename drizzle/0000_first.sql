CREATE TABLE `changes` (
	`n` integer PRIMARY KEY NOT NULL,
	`room` integer NOT NULL,
	`seq` integer NOT NULL,
	`kind` text NOT NULL,
	`target` integer NOT NULL,
	`actor` integer NOT NULL,
	`sent_at` integer NOT NULL,
	`data` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `changes_room_seq` ON `changes` (`room`,`seq`);--> statement-breakpoint
CREATE TABLE `commits` (
	`n` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`room` integer NOT NULL,
	`first_seq` integer NOT NULL,
	`last_seq` integer NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `commits_at` ON `commits` (`at`);--> statement-breakpoint
CREATE TABLE `cursors` (
	`consumer` text PRIMARY KEY NOT NULL,
	`n` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE `members` (
	`room` integer NOT NULL,
	`user` integer NOT NULL,
	`role` text NOT NULL,
	`state` text NOT NULL,
	`visible_from` integer NOT NULL,
	`joined_seq` integer NOT NULL,
	`left_seq` integer,
	`read_seq` integer DEFAULT 0 NOT NULL,
	`recv_seq` integer DEFAULT 0 NOT NULL,
	`muted_until` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`room`, `user`),
	FOREIGN KEY (`room`) REFERENCES `rooms`(`n`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`user`) REFERENCES `users`(`n`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `members_user` ON `members` (`user`,`state`);--> statement-breakpoint
CREATE TABLE `messages` (
	`n` integer PRIMARY KEY NOT NULL,
	`room` integer NOT NULL,
	`seq` integer NOT NULL,
	`id` text NOT NULL,
	`sender` integer NOT NULL,
	`sent_at` integer NOT NULL,
	`data` text NOT NULL,
	`edited_seq` integer,
	`deleted_seq` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `messages_room_seq` ON `messages` (`room`,`seq`);--> statement-breakpoint
CREATE UNIQUE INDEX `messages_once` ON `messages` (`id`,`sender`,`room`);--> statement-breakpoint
CREATE TABLE `meta` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `revisions` (
	`n` integer PRIMARY KEY NOT NULL,
	`room` integer NOT NULL,
	`seq` integer NOT NULL,
	`replaced_seq` integer NOT NULL,
	`data` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `revisions_room_seq` ON `revisions` (`room`,`seq`,`replaced_seq`);--> statement-breakpoint
CREATE TABLE `rooms` (
	`n` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`direct_key` text,
	`first_seq` integer DEFAULT 1 NOT NULL,
	`last_seq` integer DEFAULT 0 NOT NULL,
	`last_at` integer DEFAULT 0 NOT NULL,
	`history` text DEFAULT 'all' NOT NULL,
	`created_by` integer,
	`created_at` integer NOT NULL,
	`closed_at` integer,
	`settings` text DEFAULT '{}' NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `rooms_id_unique` ON `rooms` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `rooms_direct_key_unique` ON `rooms` (`direct_key`);--> statement-breakpoint
CREATE INDEX `rooms_kind` ON `rooms` (`kind`,`n`);--> statement-breakpoint
CREATE TABLE `sessions` (
	`n` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`hash` text NOT NULL,
	`user` integer NOT NULL,
	`created_at` integer NOT NULL,
	`revoked_at` integer,
	FOREIGN KEY (`user`) REFERENCES `users`(`n`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sessions_hash_unique` ON `sessions` (`hash`);--> statement-breakpoint
CREATE INDEX `sessions_user` ON `sessions` (`user`);--> statement-breakpoint
CREATE TABLE `users` (
	`n` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`issuer` text NOT NULL,
	`subject` text NOT NULL,
	`name` text NOT NULL,
	`created_at` integer NOT NULL,
	`disabled_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_id_unique` ON `users` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `users_issuer_subject` ON `users` (`issuer`,`subject`);