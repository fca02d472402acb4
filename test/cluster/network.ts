/** A network for tests: each node in a namespace of its own, so that it can be cut off from one thing and not from another. */

import { createHash } from "node:crypto";

export const services = { sqld: 3, redis: 2 } as const;
export type Service = keyof typeof services;

export interface Place {
  /** The node's address. */
  readonly host: string;
  /** Runs a command there. */
  readonly within: readonly string[];
  /** Nothing reaches the service from here, or nothing from it comes back, or both. */
  cut(service: Service, direction: "out" | "back" | "both"): void;
  heal(): void;
}

function ip(...args: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["ip", ...args]);
  if (exitCode !== 0) throw new Error(`Expected ip ${args.join(" ")} to work (it needs root): ${stderr.toString()}`);
}

/** Ten addresses from 10.x.y: two test runs on one machine seldom meet. */
function subnetOf(text: string): string {
  const [x = 0, y = 0] = createHash("sha256").update(text).digest();
  return `10.${100 + (x % 100)}.${y}`;
}

export class Network implements Disposable {
  readonly #name = `cf${process.pid}`;
  readonly #subnet = subnetOf(`${process.pid}`);
  readonly #undo: (() => void)[] = [];
  #count = 0;

  constructor() {
    for (const service of Object.keys(services) as Service[]) {
      ip("addr", "add", `${this.address(service)}/32`, "dev", "lo");
      this.#undo.push(() => ip("addr", "del", `${this.address(service)}/32`, "dev", "lo"));
    }
  }

  address(service: Service): string {
    return `${this.#subnet}.${services[service]}`;
  }

  /** A namespace with a line to here. */
  join(): Place {
    const at = this.#count++;
    const name = `${this.#name}n${at}`;
    const [near, far] = [`${this.#subnet}.${16 + at * 4 + 1}`, `${this.#subnet}.${16 + at * 4 + 2}`];
    const inside = ["netns", "exec", name, "ip"] as const;
    ip("netns", "add", name);
    this.#undo.push(() => ip("netns", "del", name));
    ip("link", "add", `${name}a`, "type", "veth", "peer", "name", `${name}b`, "netns", name);
    // By itself it would live as long as some connection in there that still tries to say its last words.
    this.#undo.push(() => ip("link", "del", `${name}a`));
    ip("addr", "add", `${near}/30`, "dev", `${name}a`);
    ip("link", "set", `${name}a`, "up");
    ip(...inside, "addr", "add", `${far}/30`, "dev", `${name}b`);
    ip(...inside, "link", "set", `${name}b`, "up");
    ip(...inside, "link", "set", "lo", "up");
    ip(...inside, "route", "add", "default", "via", near);
    let healing: (() => void)[] = [];
    this.#undo.push(() => healing.forEach((heal) => heal()));
    return {
      host: far,
      within: ["ip", "netns", "exec", name],
      cut: (service, direction) => {
        const address = this.address(service);
        if (direction !== "back") {
          ip(...inside, "route", "add", "blackhole", `${address}/32`);
          healing.push(() => ip(...inside, "route", "del", "blackhole", `${address}/32`));
        }
        if (direction !== "out") {
          ip("rule", "add", "from", address, "to", far, "blackhole");
          healing.push(() => ip("rule", "del", "from", address, "to", far, "blackhole"));
        }
      },
      heal() {
        for (const undo of healing) undo();
        healing = [];
      },
    };
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo.toReversed()) undo();
  }
}
