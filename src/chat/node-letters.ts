/**
 * What nodes write to each other, as text: a line `<kind> <run> <room's key>`, then what it is about. Nodes of two
 * versions run side by side for the time of an update: what is not understood is passed over.
 */

import { z } from "zod";
import type { Announcement } from "./elsewhere.ts";
import type { Line } from "./lines.ts";

export type Letter =
  /** Committed events that follow each other; an empty text stands for one that is to be read from the database. */
  | { readonly kind: "events"; readonly first: number; readonly texts: string[] }
  /** Who is in the room by the node that wrote; of no room: who is connected to it. */
  | { readonly kind: "presence"; readonly announcement: Announcement }
  /** News of a room that is not kept: JSON texts. */
  | { readonly kind: "passing"; readonly texts: string[] }
  /** Read marks of people, for their other devices. */
  | { readonly kind: "lines"; readonly lines: readonly Line[] }
  /** Say who is in the room by you, or who is connected to you. */
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

const head = /^(events|presence|passing|lines|ask|look|alive|bye) ([a-z0-9]{1,40}) (\d{1,16})(?: (\d{1,16}))?(?:\n|$)/;
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

const linesShape = z.array(z.tuple([id, id, z.int()], z.unknown()));

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
    case "passing":
      return `${start}\n${letter.texts.join("\n")}`;
    case "lines":
      return `${start}\n${JSON.stringify(letter.lines)}`;
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
      const announcement = parsed(rest, announcementShape, announcementOf);
      return announcement === undefined ? undefined : { ...from, letter: { kind: "presence", announcement } };
    }
    case "passing":
      return { ...from, letter: { kind: "passing", texts: rest.split("\n") } };
    case "lines": {
      const lines = parsed(rest, linesShape, (all) => all.map(([user, room, seq]): Line => [user, room, seq]));
      return lines === undefined ? undefined : { ...from, letter: { kind: "lines", lines } };
    }
    case "ask":
    case "look":
    case "alive":
    case "bye":
      return { ...from, letter: { kind: kind as "ask" | "look" | "alive" | "bye" } };
  }
}

function parsed<S extends z.ZodType, T>(text: string, shape: S, then: (data: z.infer<S>) => T): T | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { success, data } = shape.safeParse(value);
  return success ? then(data) : undefined;
}

function announcementOf(data: z.infer<typeof announcementShape>): Announcement {
  const came = data.came.map(([user, client, connInfo]) => ({ user, client, connInfo: connInfo ?? undefined }));
  return { ...data, came };
}
