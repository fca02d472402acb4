/** What the driver asks of a generator process, and what comes back; both travel as JSON. */

import type { Pace, LoadResult } from "../../src/cli/load/load.ts";
import type { Shape } from "../../src/cli/load/load-room.ts";
import type { Framing } from "./peer-target.ts";

export interface LoadJob {
  readonly url: string;
  readonly protocol: "confab" | Framing;
  readonly secret: string;
  readonly shape: Shape;
  readonly pace: Pace;
  readonly warmup_ms: number;
  readonly window_ms: number;
  readonly server_pid: number;
}

export interface LoadReport extends LoadResult {
  /** Share of one core that the server used, all threads. */
  readonly server_cpu: number;
  /** What everything else on the machine used: with more than a little of it the figures are not worth much. */
  readonly others_cpu: number;
  /** The server's CPU for one delivery. */
  readonly cpu_us_per_delivery: number;
  readonly rss_bytes: number;
}
