/**
 * Committed entries of a room's log, as text. An event is encoded once: live, in history and on resume it is the same
 * piece of JSON, a Centrifuge publication.
 */

export interface Event {
  readonly seq: number;
  readonly kind: EventKind;
  /** The message's own id; of other kinds empty. */
  readonly id: string;
  /** `users.id` of who did it. */
  readonly sender: string;
  /** Unix time in milliseconds, the database's clock, never below the room's previous. */
  readonly time: number;
  /** JSON text without insignificant whitespace. */
  readonly data: string;
}

/** Kinds of events. A change states a fact (`joined {user, role}`), so that applying it twice changes nothing. */
export const eventKinds = ["message", "joined", "left"] as const;
export type EventKind = (typeof eventKinds)[number];

/** The publication of an event. All that is put between quotes here is made by the server and needs no escaping. */
export function publicationText(event: Event): string {
  const tags =
    event.kind === "message"
      ? `{"id":"${event.id}","at":"${event.time}"}`
      : `{"at":"${event.time}","kind":"${event.kind}"}`;
  return `{"offset":${event.seq},"data":${event.data},"info":{"user":"${event.sender}"},"time":${event.time},"tags":${tags}}`;
}

/** A push of a publication; `publication` is the text that `publicationText` made, or the database's equal of it. */
export function publicationPush(channel: string, publication: string): string {
  return `{"push":{"channel":"${channel}","pub":${publication}}}`;
}

const offsetStart = '{"offset":'.length;

/** The seq of a publication's text, read from its fixed beginning. */
export function publicationSeq(publication: string): number {
  return Number(publication.slice(offsetStart, publication.indexOf(",", offsetStart)));
}

const userStart = '"info":{"user":"';

/** The sender's id, read from behind the data: what follows the last `info` is the server's own. */
export function publicationUser(publication: string): string {
  const start = publication.lastIndexOf(userStart) + userStart.length;
  return publication.slice(start, publication.indexOf('"', start));
}
