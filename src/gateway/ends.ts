/** How connections end: one log line and one count each, by a kind that says whose doing it was. */

import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Counter, Family, Metrics } from "../lib/metrics.ts";
import type { CloseName } from "../protocol/close.ts";

export interface End {
  readonly door: "centrifuge" | "plain";
  /** As the runtime tells it; 1006 for whatever did not end by a close frame of the client's or ours. */
  readonly code: number;
  readonly reason: string;
  /** The name under which the server closed it. */
  readonly ending: CloseName | undefined;
  readonly opened_ms: number;
  /** What it had not taken when somebody last looked, a second ago at most. */
  readonly unread_bytes: number;
  readonly address: string;
}

/** From so much unread on, a connection that was cut off is taken for a slow one. */
const slow_bytes = 128 * 1024;

export class Ends {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #ends: Family<Counter>;

  constructor(options: { clock: Clock; log: Log; metrics: Metrics }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#ends = options.metrics.counter({
      name: "confab_connections_ended_total",
      help: "Connections that ended, by the door's close name, or left, lost, slow, too_large, protocol.",
      label: "kind",
    });
  }

  ended(end: End): void {
    const kind = kindOf(end);
    const { address, code, door, opened_ms } = end;
    this.#ends.with(kind).add(1);
    const open_ms = Math.round(this.#clock.monotonic() - opened_ms);
    this.#log.info("connection_ended", { kind, door, code, address, open_ms });
  }
}

function kindOf({ code, ending, reason, unread_bytes }: End): string {
  if (ending !== undefined) return ending;
  if (code !== 1006) return "left";
  if (reason.includes("too big")) return "too_large";
  // The runtime gives a reason where it was a breach of RFC 6455, and none where the line was cut.
  if (reason !== "") return "protocol";
  return unread_bytes >= slow_bytes ? "slow" : "lost";
}
