/**
 * The rooms of the authorization matrix, written into the stopped server's database: thousands of them, so that what one
 * caller does changes nothing for the next.
 */

import type { Client, InStatement } from "@libsql/client";
import { shortId } from "../../src/lib/ids.ts";
import { callers, type CallerKind, type Cast } from "./authorization-callers.ts";

/** `closed` is a private room without new messages, `gone` one that was deleted. */
export const rooms = ["public", "private", "broadcast", "direct", "closed", "open", "gone", "absent"] as const;
export type RoomKind = (typeof rooms)[number];

/** A room, and what of it a caller may ask about. */
export interface Scene {
  readonly room: string;
  /** Somebody in it, one for each caller. */
  readonly victim: string;
  /** The seq of a message of theirs. */
  readonly seq: number;
  /** Whom to bring in: they have no place in it. */
  readonly outsider: string;
  /** A link into it, one for each caller. */
  readonly link: { readonly id: string; readonly token: string };
}

const absent = "0123456789abcdefghij";
const hour_ms = 3_600_000;
const rows_at_once = 2_000;

export interface Victims {
  readonly victims: readonly { readonly n: number; readonly id: string }[];
  readonly outsiders: readonly { readonly id: string }[];
}

/** People that things are done to: for each caller one who is in every room, and one who is in none. */
export async function addVictims(client: Client): Promise<Victims> {
  const ids = callers.flatMap(() => [shortId(), shortId()]);
  const sql =
    "INSERT INTO users (id, issuer, subject, name, created_at) VALUES (?1, 'guest', ?1, 'somebody', 1) RETURNING n";
  const found: { n: number; id: string }[] = [];
  for (const id of ids) found.push({ id, n: Number((await client.execute({ sql, args: [id] })).rows[0]?.["n"]) });
  return {
    victims: found.filter((_, at) => at % 2 === 0),
    outsiders: found.filter((_, at) => at % 2 === 1),
  };
}

type Place = readonly [state: string, role: string, muted_until: number];

const places: Readonly<Partial<Record<CallerKind, Place>>> = {
  owner: ["joined", "owner", 0],
  moderator: ["joined", "moderator", 0],
  member: ["joined", "member", 0],
  host: ["joined", "member", 0],
  bot: ["joined", "member", 0],
  muted: ["joined", "member", Date.now() + 24 * hour_ms],
  former: ["left", "member", 0],
  banned: ["banned", "member", 0],
  invited: ["invited", "member", 0],
};

/** Rooms that are to be written, and the scenes that they make. */
export class Scenes {
  readonly #cast: Cast;
  readonly #people: Victims;
  readonly #statements: InStatement[] = [];
  #n = 1_000_000;

  constructor(cast: Cast, people: Victims) {
    this.#cast = cast;
    this.#people = people;
  }

  /** A room of a kind; a function that gives each caller their scene in it. */
  add(kind: RoomKind): (caller: CallerKind) => Scene {
    const { victims, outsiders } = this.#people;
    const n = ++this.#n;
    const room = kind === "absent" ? absent : kind === "open" ? `open:room${n}` : shortId();
    const of = (caller: CallerKind): Scene => {
      const at = callers.indexOf(caller);
      const link = { id: `link${n}x${at}`, token: `${room}${at}`.replace(":", "") };
      return { room, victim: victims[at]?.id ?? "", seq: at + 2, outsider: outsiders[at]?.id ?? "", link };
    };
    if (kind !== "absent") this.#write(n, { kind, room });
    if (kind !== "absent" && kind !== "open" && kind !== "direct") this.#links(n, of);
    return of;
  }

  #write(n: number, { kind, room }: { kind: RoomKind; room: string }): void {
    const { victims } = this.#people;
    const isOpen = kind === "open";
    const stored = kind === "closed" || kind === "gone" ? "private" : kind;
    const [owner, post] = [this.#cast.n.get("owner") ?? 0, kind === "broadcast" ? "moderators" : "members"];
    const top = victims.length + 1;
    const [closed, deleted] = [kind === "closed" ? 1 : null, kind === "gone" ? 1 : null];
    const joined = Object.values(places).filter(([state]) => state === "joined").length + victims.length;
    this.#add(
      "INSERT INTO rooms (n, id, kind, name, last_seq, last_at, created_by, created_at, closed_at, deleted_at, post, members, direct_key) VALUES (?, ?, ?, 'a room', ?, 1, ?, 1, ?, ?, ?, ?, ?)",
      [
        n,
        room,
        stored,
        top,
        victims[0]?.n ?? 0,
        closed,
        deleted,
        post,
        isOpen ? 0 : joined,
        kind === "direct" ? `${n}` : null,
      ],
    );
    this.#add(
      "INSERT INTO changes (room, seq, kind, target, actor, sent_at, data) VALUES (?, 1, 'joined', ?, ?, 1, '{}')",
      [n, owner, owner],
    );
    const said = JSON.stringify(victims.map(({ n: sender }, at) => [at + 2, sender, `${room}${at}`]));
    this.#add(
      'INSERT INTO messages (room, seq, id, sender, sent_at, data) SELECT ?, value ->> 0, value ->> 2, value ->> 1, 1, \'{"text":"hi"}\' FROM json_each(?)',
      [n, said],
    );
    if (isOpen) return;
    const rows = [
      ...victims.map(({ n: user }) => [user, "joined", "member", 0]),
      ...Object.entries(places).map(([who, place]) => [this.#cast.n.get(who as CallerKind) ?? 0, ...place]),
    ];
    this.#add(
      "INSERT INTO members (room, user, state, role, muted_until, visible_from, joined_seq) SELECT ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3, 1, 1 FROM json_each(?)",
      [n, JSON.stringify(rows)],
    );
  }

  #links(n: number, of: (caller: CallerKind) => Scene): void {
    const rows = callers.map((caller) => {
      const { id, token } = of(caller).link;
      return [id, new Bun.CryptoHasher("sha256").update(token).digest("hex")];
    });
    this.#add(
      "INSERT INTO invites (id, hash, kind, room, created_at) SELECT value ->> 0, value ->> 1, 'room', ?, 1 FROM json_each(?)",
      [n, JSON.stringify(rows)],
    );
  }

  #add(sql: string, args: (string | number | null)[]): void {
    this.#statements.push({ sql, args });
  }

  async store(client: Client): Promise<void> {
    for (let at = 0; at < this.#statements.length; at += rows_at_once)
      await client.batch(this.#statements.slice(at, at + rows_at_once), "write");
  }
}
