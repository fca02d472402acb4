/**
 * How far people have read, and what their devices have received. Marks only rise, so that whatever comes within a
 * second is one mark a person and room; they are written with the messages, as drafts of a batch. How far a room goes
 * is judged where they are written: a gateway that is behind the others may be told of a message before it comes there.
 */

import type { Clock } from "../lib/clock.ts";
import { ChatError } from "../protocol/errors.ts";
import { drafts_pending_max, type Appender, type Waiter } from "../store/appender.ts";
import type { MarksDraft, Outcome } from "../store/draft.ts";
import type { Lines } from "./lines.ts";
import type { Person } from "./people.ts";
import type { Access } from "./policy.ts";
import type { RoomDirectory } from "./room-directory.ts";

const flush_ms = 1_000;
/** Marks that wait to be written; what comes on top is lost, and comes again with the next message that is read. */
const marks_waiting_max = 100_000;
/** Marks that are written in one go: messages go first. */
const marks_per_flush_max = 2_000;

export interface MarksOptions {
  readonly clock: Clock;
  readonly directory: RoomDirectory;
  readonly journal: Appender;
  readonly lines: Lines;
}

type Who = Pick<Person, "n" | "id">;

/** What a person has of a room beyond what the database says. It is here until that is written. */
class Mark implements Waiter {
  readonly room: number;
  readonly person: Who;
  readonly #marks: Marks;
  read_seq = 0;
  recv_seq = 0;
  /** It has risen since it was last handed to the journal. */
  dirty = false;
  /** What the journal has; undefined while it has nothing. */
  writing: MarksDraft | undefined;

  constructor(marks: Marks, at: { room: number; person: Who }) {
    this.#marks = marks;
    this.room = at.room;
    this.person = at.person;
  }

  settle(outcome: Outcome): void {
    this.#marks.settled(this, outcome);
  }
}

export class Marks {
  readonly #options: MarksOptions;
  /** By person and room. */
  readonly #marks = new Map<number, Map<number, Mark>>();
  /** Those that have risen, in that order. */
  #dirty: Mark[] = [];
  #writing = 0;
  #size = 0;
  #closing = false;
  #idle: (() => void)[] = [];

  constructor(options: MarksOptions) {
    this.#options = options;
    options.clock.every(flush_ms, () => this.#write());
  }

  /** The person has read so far. Only members have marks. */
  read(person: Who, access: Access, seq: number): void {
    const { room } = access;
    if (room.kind === "open") throw new ChatError("bad_request", "nobody is a member of an open room: it has no marks");
    if (access.membership?.state !== "joined") throw new ChatError("room_not_found");
    this.#raise(person, room.n, { read_seq: seq, recv_seq: 0 });
  }

  /** A device of the person has received so far. */
  received(person: Who, access: Access, seq: number): void {
    if (access.room.kind === "open" || access.membership?.state !== "joined") return;
    this.#raise(person, access.room.n, { read_seq: 0, recv_seq: seq });
  }

  /** Whoever writes has read what is above. On the way of every message: mostly a mark that waits already is raised. */
  wrote(person: Who, outcome: Outcome): void {
    if (outcome.code !== "committed") return;
    const { room, seq } = outcome;
    const mark = this.#marks.get(person.n)?.get(room);
    if (mark !== undefined && mark.dirty) {
      if (mark.read_seq < seq) mark.read_seq = seq;
    } else if (this.#options.directory.byKey(room)?.kind !== "open") {
      this.#raise(person, room, { read_seq: seq, recv_seq: seq });
    }
  }

  /** The read marks of a person that are not in the database yet, by the room's key. */
  pendingOf({ n }: Who): [room: number, seq: number][] {
    return [...(this.#marks.get(n)?.values() ?? [])].map(({ room, read_seq }) => [room, read_seq]);
  }

  /** Writes all that waits, and takes no failure back; resolves once it is written, or cannot be. */
  async flush(): Promise<void> {
    this.#closing = true;
    do {
      this.#write();
      if (this.#writing > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
      else return;
    } while (this.#dirty.length > 0);
  }

  #raise(person: Who, room: number, to: { read_seq: number; recv_seq: number }): void {
    const mark = this.#marks.get(person.n)?.get(room) ?? this.#add(person, room);
    if (mark === undefined) return;
    if (mark.read_seq < to.read_seq) mark.read_seq = to.read_seq;
    const recv_seq = Math.max(mark.read_seq, to.recv_seq);
    if (mark.recv_seq < recv_seq) mark.recv_seq = recv_seq;
    if (mark.dirty) return;
    mark.dirty = true;
    this.#dirty.push(mark);
  }

  #add(person: Who, room: number): Mark | undefined {
    if (this.#size >= marks_waiting_max) return undefined;
    this.#size++;
    const rooms = this.#marks.get(person.n) ?? new Map<number, Mark>();
    const mark = new Mark(this, { room, person });
    this.#marks.set(person.n, rooms.set(room, mark));
    return mark;
  }

  #remove({ person, room }: Mark): void {
    this.#size--;
    const rooms = this.#marks.get(person.n);
    rooms?.delete(room);
    if (rooms?.size === 0) this.#marks.delete(person.n);
  }

  /** Hands marks to the journal, those that waited for longest first. */
  #write(): void {
    const { journal } = this.#options;
    let left = Math.min(marks_per_flush_max, drafts_pending_max / 2 - journal.pending);
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const mark of dirty) {
      // One on its way at a time: a later one has the higher seq.
      if (mark.writing !== undefined || left <= 0) {
        this.#dirty.push(mark);
        continue;
      }
      left--;
      mark.dirty = false;
      mark.writing = draftOf(mark);
      this.#writing++;
      journal.append(mark.writing, mark);
    }
  }

  /** No further than the room goes as far as is known here; the database takes no mark beyond its end. */
  #tell({ person, room }: Mark, read_seq: number): void {
    const { directory, lines } = this.#options;
    lines.read(person, room, Math.min(read_seq, directory.byKey(room)?.published ?? read_seq));
  }

  /** A mark came back. One that was not stored, or not surely, is tried again with the next: it only rises. */
  settled(mark: Mark, { code }: Outcome): void {
    const written = mark.writing;
    mark.writing = undefined;
    this.#writing--;
    if (code === "committed" && written !== undefined) {
      if (written.read_seq > 0) this.#tell(mark, written.read_seq);
      // What is stored is not said again: said of a room that has grown, a mark beyond its end would hold for what came since.
      if (mark.read_seq === written.read_seq) mark.read_seq = 0;
      if (mark.recv_seq === written.recv_seq) mark.recv_seq = 0;
    }
    const isLost = code !== "committed" && code !== "room_not_found" && !this.#closing;
    if (isLost) this.#raise(mark.person, mark.room, mark);
    else if (!mark.dirty) this.#remove(mark);
    if (this.#writing === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function draftOf({ person, room, read_seq, recv_seq }: Mark): MarksDraft {
  return {
    kind: "marks",
    room,
    actor: person.n,
    by: person.id,
    read_seq,
    recv_seq: Math.max(read_seq, recv_seq),
    data: "",
  };
}
