/** The broker of a node: Redis where there is one, otherwise one that ends at the process. */

import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Broker } from "./contract.ts";
import { MemoryBroker, MemoryHub } from "./memory.ts";
import { RedisBroker } from "./redis.ts";

export interface BrokerOptions {
  /** The address of a Redis; empty for none. */
  readonly redis: string;
  readonly password: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export function openBroker({ redis, password, clock, log }: BrokerOptions): Broker {
  if (redis === "") return new MemoryBroker({ hub: new MemoryHub(), clock });
  return new RedisBroker({ url: redis, password, clock, log });
}
