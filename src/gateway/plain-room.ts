/**
 * An open room as naive clients hear it: the bare text of each message, a frame each. A text is made once for each of the
 * two ways to hear it, and only where somebody does.
 */

import type { LiveRoom } from "../chat/live-room.ts";
import type { PlainConnection } from "./plain-connection.ts";

export interface PlainRoomOptions {
  readonly live: LiveRoom;
  readonly deliver: (topic: string, frame: string) => void;
}

/** For pages that put what comes into `innerHTML`, as the tutorials do. */
export function escapeText(text: string): string {
  return text.replace(/[&<>]/g, (character) => (character === "&" ? "&amp;" : character === "<" ? "&lt;" : "&gt;"));
}

/** The text of a message's publication; undefined for what is no chat message. */
export function textOf(publication: string): { id: string; text: string } | undefined {
  const { data, tags } = JSON.parse(publication) as { data: unknown; tags: { id?: string; kind?: string } };
  if (tags.kind !== undefined || typeof data !== "object" || data === null || !("text" in data)) return undefined;
  return typeof data.text === "string" ? { id: tags.id ?? "", text: data.text } : undefined;
}

export class PlainRoom {
  readonly live: LiveRoom;
  readonly #deliver: PlainRoomOptions["deliver"];
  readonly #escaped: string;
  readonly #raw: string;
  /** Those who are here and those whose handshake is not answered yet. */
  visits = 0;
  #escapedListeners = 0;
  #rawListeners = 0;
  /**
   * Who wrote what is on its way and does not want to hear it, by the message's id: such a message is published from
   * the sender's own socket, which the runtime leaves out. Nobody else's delivery costs more for it.
   */
  readonly #unheard = new Map<string, PlainConnection>();

  constructor({ live, deliver }: PlainRoomOptions) {
    this.live = live;
    this.#deliver = deliver;
    this.#escaped = `t/${live.id}`;
    this.#raw = `r/${live.id}`;
  }

  /** Counts somebody; the topic to subscribe to. */
  enter(raw: boolean): string {
    if (raw) this.#rawListeners++;
    else this.#escapedListeners++;
    return raw ? this.#raw : this.#escaped;
  }

  exit(raw: boolean): void {
    if (raw) this.#rawListeners--;
    else this.#escapedListeners--;
  }

  /** The sender of the message with this id does not want it back. */
  leaveOut(id: string, sender: PlainConnection): void {
    this.#unheard.set(id, sender);
  }

  settled(id: string): void {
    this.#unheard.delete(id);
  }

  /** The room's next event, in seq order. */
  publish(publication: string): void {
    const message = textOf(publication);
    if (message === undefined) return;
    const sender = this.#unheard.get(message.id);
    const send = sender === undefined ? this.#deliver : sender.publish;
    if (this.#escapedListeners > 0) send(this.#escaped, escapeText(message.text));
    if (this.#rawListeners > 0) send(this.#raw, message.text);
  }
}
