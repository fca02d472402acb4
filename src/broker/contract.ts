/**
 * What tells other nodes. A broker is a hint and never the truth: whatever it loses is found in the database, late.
 *
 * - Order: messages of one publisher on one channel arrive in the order published. Nothing is said across channels or
 *   publishers.
 * - At most once: a message arrives once or not at all, and nobody learns that it did not. Where the connection was
 *   broken there is a hole, of which `Hearing.restored` tells the end.
 * - Who publishes on a channel that it is subscribed to hears itself.
 * - Nothing here waits for the network: `publish` puts into a bounded queue, and past `outgoing_bytes_max` it drops.
 * - No method throws or rejects because the broker cannot be reached.
 */

/** Bytes of messages that are on their way out; what comes on top is dropped. */
export const outgoing_bytes_max = 8 * 1024 * 1024;

export interface Hearing {
  /** A message of a channel that is subscribed to. Synchronous; it must not throw. */
  message(channel: string, text: string): void;
  /** The connection was away and is back: what was published meanwhile is lost. */
  restored(): void;
}

export interface Broker {
  /** It can be reached just now, as far as is known. */
  readonly connected: boolean;
  /** Messages that were not sent since the start: no connection, or the queue was full. */
  readonly dropped: number;
  /** Who hears what comes; set once, before the first `subscribe`. */
  listen(hearing: Hearing): void;
  publish(channel: string, text: string): void;
  /**
   * Resolves with true once the broker has confirmed: what is published from then on arrives, save for holes. Resolves
   * with false after a second at most where it does not answer; the subscription stands and is made when it is back.
   */
  subscribe(channel: string): Promise<boolean>;
  unsubscribe(channel: string): void;
  /** Sends what is queued, where that can be done at once, and lets go. */
  close(): Promise<void>;
}
