/** The broker of a node: Redis where there is one, otherwise one that ends at the process. */

import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Broker } from "./contract.ts";
import { MemoryBroker, MemoryHub } from "./memory.ts";

export interface BrokerOptions {
  /** The address of a Redis; empty for none. */
  readonly redis: string;
  readonly password: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export async function openBroker({ redis, password, clock, log }: BrokerOptions): Promise<Broker> {
  if (redis === "") return new MemoryBroker({ hub: new MemoryHub(), clock });
  // Its client is a fifth of all that a start would read, and most servers have no Redis.
  const { RedisBroker } = await import("./redis.ts");
  return new RedisBroker({ url: redis, password, clock, log });
}
