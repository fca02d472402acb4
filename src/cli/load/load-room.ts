/** What a load needs of a server, whichever it is: members of rooms, their sends, and how deliveries are counted. */

import type { MessageTemplate } from "./message-template.ts";
import type { RawSocket } from "./raw-socket.ts";

export interface LoadMember {
  socket: RawSocket;
  /** Messages that reached this member since it entered. */
  delivered: number;
  /** Makes what it sends; absent where it only listens. */
  template: MessageTemplate | undefined;
}

export interface LoadRoom {
  readonly members: readonly LoadMember[];
  readonly senders: readonly LoadMember[];
}

/** What is told of a frame that came. The load sets these before it starts. */
export interface LoadEvents {
  /** `count` sends of this member came back: acknowledged, or (where the server has no replies) delivered to a witness. */
  released(member: LoadMember, count: number): void;
  /** One send of this member was answered with an error. */
  refused(member: LoadMember): void;
  /** Each pushed message is looked at, for its stamp. Undefined where nobody wants to know. */
  stamped: ((bytes: Buffer, start: number, end: number) => void) | undefined;
}

export interface Shape {
  readonly rooms: number;
  /** Members of each room; all of them receive. */
  readonly members: number;
  /** How many of a room's members send. */
  readonly senders: number;
  readonly body_bytes: number;
}

/** Counters of a run that hold what went wrong. */
export interface Faults {
  /** Replies that are errors, by their code. */
  readonly errors: Map<number, number>;
  /** Positions in a room that a member did not see in order. */
  holes: number;
}

/** A server under load. */
export interface LoadTarget {
  readonly events: LoadEvents;
  readonly faults: Faults;
  /** Opens all connections and brings them into their rooms. */
  enter(shape: Shape): Promise<readonly LoadRoom[]>;
  /** Where nothing needs to be looked into, the connections may count frames and not read them. */
  close(): void;
}
