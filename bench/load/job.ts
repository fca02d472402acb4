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
  /** So many members of each room never read; they are counted nowhere. */
  readonly stalled: number;
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

export interface CrowdJob {
  readonly url: string;
  readonly protocol: "confab" | "frames";
  readonly secret: string;
  readonly server_pid: number;
  readonly clients: number;
  /** So many of those who only arrive come before the clock runs: the load is warm then too. Otherwise 0. */
  readonly warm: number;
  /** Connections that are being opened at a time. */
  readonly at_once: number;
  readonly rooms: number;
  /** Rooms that each comes into; 0 for those who only sign in. */
  readonly rooms_per_user: number;
  /** How long the server has nothing to do before its memory is looked at. */
  readonly settle_ms: number;
  /** The last seq of every room, and how many messages each client has missed; undefined where all are new. */
  readonly top: number;
  readonly behind: number | undefined;
}

export interface CrowdReport {
  readonly seconds: number;
  readonly per_s: number;
  readonly rss_per_client: number;
  readonly server_cpu: number;
  readonly generator_cpu: number;
}

export interface PagesJob {
  readonly url: string;
  readonly secret: string;
  readonly server_pid: number;
  readonly at_once: number;
  readonly seconds: number;
  readonly warmup_ms: number;
  readonly room_count: number;
  readonly top: number;
  /** The latest page, which the ring has; otherwise one from anywhere. */
  readonly latest: boolean;
}

export interface PagesReport {
  readonly per_s: number;
  readonly cpu_us_per_page: number;
  readonly server_cpu: number;
  readonly generator_cpu: number;
}

export interface HttpReport {
  readonly per_s: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly failed: number;
  readonly generator_cpu: number;
}
