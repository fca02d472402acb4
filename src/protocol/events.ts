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

/** Changes of somebody's place in a room; `data.user` says whose. */
export const memberKinds = ["joined", "left", "invited", "removed", "banned", "unbanned", "muted", "role"] as const;
export type MemberKind = (typeof memberKinds)[number];

/** Changes of the room itself: its settings, closed to new messages, open again, gone for good. */
export const roomKinds = ["changed", "closed", "reopened", "gone"] as const;
export type RoomChangeKind = (typeof roomKinds)[number];

/**
 * Kinds of events. A change states a fact (`joined {user, role}`), so that applying it twice changes nothing, and holds no
 * words of anybody: `changed` names the fields, whoever wants their values asks for the room; `deleted` names the message.
 */
export const eventKinds = ["message", ...memberKinds, ...roomKinds, "deleted"] as const;
export type EventKind = (typeof eventKinds)[number];

const members: ReadonlySet<string> = new Set(memberKinds);

export function isMemberKind(kind: string): kind is MemberKind {
  return members.has(kind);
}

let lastTime = Number.NaN;
let lastTimeText = "";

/** The digits of a time. All events of a batch have the same, and writing them costs as much as the rest of the event. */
export function timeText(time: number): string {
  if (time !== lastTime) {
    lastTime = time;
    lastTimeText = String(time);
  }
  return lastTimeText;
}

/** A message of which the digits of its time are known. */
export interface WrittenMessage {
  readonly seq: number;
  readonly data: string;
  readonly sender: string;
  readonly time: string;
  readonly id: string;
}

/** The publication of a message. All that is put between quotes here is made by the server and needs no escaping. */
export function messagePublication({ seq, data, sender, time, id }: WrittenMessage): string {
  return `{"offset":${seq},"data":${data},"info":{"user":"${sender}"},"time":${time},"tags":{"id":"${id}","at":"${time}"}}`;
}

/** The publication of an event. */
export function publicationText({ seq, kind, id, sender, time: time_ms, data }: Event): string {
  const time = timeText(time_ms);
  if (kind === "message") return messagePublication({ seq, data, sender, time, id });
  return `{"offset":${seq},"data":${data},"info":{"user":"${sender}"},"time":${time},"tags":{"at":"${time}","kind":"${kind}"}}`;
}

const offsetStart = '{"offset":'.length;

/** The seq of a publication's text, read from its fixed beginning. */
export function publicationSeq(publication: string): number {
  return Number(publication.slice(offsetStart, publication.indexOf(",", offsetStart)));
}

const userStart = '"info":{"user":"';

/** Where the sender's id begins, found from behind the data: what follows the last `info` is the server's own. */
function userAt(publication: string): number {
  return publication.lastIndexOf(userStart) + userStart.length;
}

/** The sender's id. */
export function publicationUser(publication: string): string {
  const start = userAt(publication);
  return publication.slice(start, publication.indexOf('"', start));
}

/** The ids of all senders. People often write several messages in a row. */
export function publicationUsers(publications: readonly string[]): Set<string> {
  const users = new Set<string>();
  let last = '"';
  for (const publication of publications) {
    const start = userAt(publication);
    if (publication.startsWith(last, start)) continue;
    const end = publication.indexOf('"', start);
    users.add(publication.slice(start, end));
    last = publication.slice(start, end + 1);
  }
  return users;
}

const messageTags = '"tags":{"id":"';

/**
 * The publication as it is listed for who has blocked some people (by `users.id`): a message of one of them has lost its
 * words and says so by a tag. Its place stays, for nobody's log has holes.
 */
export function withoutWords(publication: string, blocked: ReadonlySet<string>): string {
  if (!blocked.has(publicationUser(publication))) return publication;
  const info = publication.lastIndexOf(userStart);
  if (!publication.includes(messageTags, info)) return publication;
  return `{"offset":${publicationSeq(publication)},"data":null,${publication.slice(info, -2)},"hidden":"1"}}`;
}
