/**
 * What nodes write to each other, as text: a line `<kind> <run> <room's key>`, then what it is about. Nodes of two
 * versions run side by side for the time of an update: what is not understood is passed over.
 */

import { z } from "zod";
import type { Announcement } from "./elsewhere.ts";

export type Letter =
  /** Committed events that follow each other; an empty text stands for one that is to be read from the database. */
  | { readonly kind: "events"; readonly first: number; readonly texts: string[] }
  | { readonly kind: "presence"; readonly announcement: Announcement }
  /** Say who is in the room by you. */
  | { readonly kind: "ask" }
  /** There is something in the database that concerns everybody. */
  | { readonly kind: "look" }
  | { readonly kind: "alive" }
  | { readonly kind: "bye" };

export interface From {
  /** The run id of the node that wrote. */
  readonly run: string;
  /** The room's key; 0 where it is about none. */
  readonly n: number;
}

const head = /^(events|presence|ask|look|alive|bye) ([a-z0-9]{1,40}) (\d{1,16})(?: (\d{1,16}))?(?:\n|$)/;
const id = z.string().max(64);
/** A newer node may say more of each. */
const connection = z.tuple([id, id, z.string().nullable()], z.unknown());
const announcementShape = z.object({
  k: z.int(),
  whole: z.boolean(),
  came: z.array(connection),
  went: z.array(id),
  counts: z.object({ clients: z.int().min(0), users: z.int().min(0) }).optional(),
});

export function writeLetter({ run, n }: From, letter: Letter): string {
  const start = `${letter.kind} ${run} ${n}`;
  switch (letter.kind) {
    case "events":
      return `${start} ${letter.first}\n${letter.texts.join("\n")}`;
    case "presence": {
      const { came, ...rest } = letter.announcement;
      const listed = came.map(({ user, client, connInfo }) => [user, client, connInfo ?? null]);
      return `${start}\n${JSON.stringify({ ...rest, came: listed })}`;
    }
    case "ask":
    case "look":
    case "alive":
    case "bye":
      return start;
  }
}

/** Undefined for what was not written by a node of this kind. */
export function readLetter(text: string): (From & { readonly letter: Letter }) | undefined {
  const found = head.exec(text);
  if (found === null) return undefined;
  const [all, kind, run = "", n, first] = found;
  const from = { run, n: Number(n) };
  const rest = text.slice(all.length);
  switch (kind as Letter["kind"]) {
    case "events":
      return { ...from, letter: { kind: "events", first: Number(first), texts: rest.split("\n") } };
    case "presence": {
      const announcement = announcementOf(rest);
      return announcement === undefined ? undefined : { ...from, letter: { kind: "presence", announcement } };
    }
    case "ask":
    case "look":
    case "alive":
    case "bye":
      return { ...from, letter: { kind: kind as "ask" | "look" | "alive" | "bye" } };
  }
}

function announcementOf(text: string): Announcement | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { success, data } = announcementShape.safeParse(parsed);
  if (!success) return undefined;
  const came = data.came.map(([user, client, connInfo]) => ({ user, client, connInfo: connInfo ?? undefined }));
  return { ...data, came };
}
