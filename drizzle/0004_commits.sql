CREATE TABLE `__new_commits` (
	`n` integer PRIMARY KEY NOT NULL,
	`room` integer NOT NULL,
	`first_seq` integer NOT NULL,
	`last_seq` integer NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
INSERT INTO `__new_commits`("n", "room", "first_seq", "last_seq", "at") SELECT "n", "room", "first_seq", "last_seq", "at" FROM `commits`;--> statement-breakpoint
INSERT INTO `__new_commits`("n", "room", "first_seq", "last_seq", "at") SELECT "seq", 0, 0, 0, 0 FROM `sqlite_sequence` WHERE "name" = 'commits' AND NOT EXISTS (SELECT 1 FROM `commits`);--> statement-breakpoint
DROP TABLE `commits`;--> statement-breakpoint
ALTER TABLE `__new_commits` RENAME TO `commits`;
