import { sha256, shortId } from "../../src/lib/ids.ts";
import type { Draft } from "../../src/store/draft.ts";
import { checkServer, checkStored, isQuiet } from "./checks.ts";
import type { Fields, Log } from "../../src/lib/log.ts";
import { simulated, SimulatedDatabase } from "./database.ts";
import { Device, type Person } from "./device.ts";
import { act } from "./habits.ts";
import { Link, type Caller } from "./network.ts";
import type { Node } from "./node.ts";
import { Random } from "./random.ts";
import { startServer } from "./server.ts";
import { Timeline, type Wall } from "./timeline.ts";
import { makeWeather, type Weather } from "./weather.ts";

const rooms_max = 6;
const calm_ms_max = 150_000;
const steps_max = 400_000;
const look_ms = 100;
/** Nodes look for news of each other every two seconds: so long nothing may have moved. */
const settled_ms = 2_500;
/** What has come to rest needs no more than a look now and then. */
const rest_ms = 500;
const start_ms = Date.UTC(2026, 0, 1);

/**
 * Devices, a network, servers that are killed now and then, a database that is not. First a storm, then calm: within a
 * bounded time everything must have come to rest, and every promise must have been kept.
 */
export class World {
  readonly random: Random;
  readonly weather: Weather;
  readonly timeline = new Timeline();
  readonly walls: readonly Wall[];
  readonly database: SimulatedDatabase;
  readonly persons: Person[] = [];
  readonly devices: Device[] = [];
  readonly verbose: boolean;
  /** What runs as one process each; one that is down has no nodes. */
  readonly servers: (readonly Node[])[] = [];
  /** Things go wrong, and devices do as they please. */
  stormy = true;
  deliveries = 0;
  kills = 0;
  /** The first promise that was broken. */
  violation: string | undefined;
  #count = 0;
  #isQuiet = false;
  /** At the last look nothing was left to come. */
  #restful = false;
  readonly #links = new Set<Link>();

  constructor(seed: number, options: { verbose: boolean }) {
    this.verbose = options.verbose;
    this.random = new Random(seed);
    this.weather = makeWeather(this.random);
    this.walls = Array.from({ length: this.weather.nodes }, () => ({ offset_ms: start_ms }));
    this.database = new SimulatedDatabase(this);
  }

  /** Lives a whole life; `violation` says afterwards what went wrong. */
  run(): void {
    this.#populate();
    for (const at of this.walls.keys()) this.#start(at);
    for (const device of this.devices) this.#live(device);
    this.#cutSometimes();
    this.#cutBrokerSometimes();
    this.#killSometimes();
    this.#stepClockSometimes();
    this.timeline.after(this.weather.storm_ms, () => this.#calm());
    while (this.violation === undefined && !this.#isQuiet) {
      if (!this.timeline.step() || this.timeline.steps > steps_max) this.fail("nothing comes to rest", undefined);
    }
    if (this.violation === undefined) {
      checkServer(this);
      checkStored(this);
      for (const { letters } of this.devices) letters.check();
    }
    for (const node of this.nodes) node.kill();
  }

  /** Notes a broken promise; gives `value` back, for the caller has to go on. */
  fail<T>(what: string, value: T): T {
    if (this.violation === undefined) {
      this.violation = `${what} (after ${this.timeline.now_ms.toFixed(1)} ms)`;
      if (this.verbose) this.say(`VIOLATION ${what}`);
    }
    return value;
  }

  say(what: string): void {
    console.log(`${this.timeline.now_ms.toFixed(1).padStart(9)} ${what}`);
  }

  /** The clock that nobody sets. */
  now(): number {
    return Math.floor(start_ms + this.timeline.now_ms);
  }

  count(): number {
    return ++this.#count;
  }

  /** A time from now, or the next one at which frames arrive together. */
  tick(delay_ms: number): number {
    const { tick_ms } = this.weather;
    const at_ms = this.timeline.now_ms + delay_ms;
    return tick_ms === 0 ? at_ms : Math.ceil(at_ms / tick_ms) * tick_ms;
  }

  /** Where a balancer without stickiness leads: one that lets nobody in leads nowhere. */
  nodeToCome(): Node | undefined {
    const nodes = this.random.pick(this.servers);
    const node = nodes.length === 0 ? undefined : this.random.pick(nodes);
    return node?.isOpen === true ? node : undefined;
  }

  /** Several nodes or gateways serve one database, and hear of each other late. */
  get hasOthers(): boolean {
    return this.weather.nodes > 1 || this.weather.gateways > 1;
  }

  get nodes(): Node[] {
    return this.servers.flat();
  }

  /** The log of a server: an error that no simulated fault explains is a bug. */
  log(name: string): Log {
    const told = (event: string, fields?: Fields): void => {
      const error = fields?.["error"];
      if (this.verbose) this.say(`${name} logs ${event} ${error instanceof Error ? error.message : ""}`);
      const chain: unknown[] = [];
      for (let at = error; at instanceof Error; at = at.cause) chain.push(at.message);
      if (error === undefined || chain.some((text) => String(text).includes(simulated))) return;
      this.fail(`${name} logged ${event}: ${chain.join(" < ")}`, undefined);
    };
    const quiet = (): void => undefined;
    const log: Log = { debug: quiet, info: quiet, warn: told, error: told, child: () => log };
    return log;
  }

  link(caller: Caller & { readonly name: string }): Link {
    const { latency_ms, slow, weight } = this.weather;
    const isSlow = this.stormy && this.random.chance(slow);
    const bandwidth = isSlow ? this.random.pick([2, 10, 100]) : Number.POSITIVE_INFINITY;
    const line = { latency_ms, bandwidth, weight };
    const link = new Link({ world: this, caller, line, address: caller.name });
    this.#links.add(link);
    return link;
  }

  /** What devices may name: rooms that exist, and open ones, which need not. */
  channels(): string[] {
    const rooms = [...this.database.byId.values()]
      .filter(({ isGone, isOpen }) => !isGone && !isOpen)
      .map(({ id }) => id);
    return [...rooms, "open:a", "open:b"];
  }

  mayCreate(): boolean {
    return this.database.rooms.size < rooms_max;
  }

  #populate(): void {
    const { devices, past, people } = this.weather;
    const { persons } = this;
    for (let n = 1; n <= people; n++) {
      const person = { n, id: `person${n}`.padEnd(20, "x"), token: `guest_${n}` };
      this.database.addUser({ n, id: person.id, hash: sha256(person.token) });
      persons.push(person);
    }
    for (let n = this.random.whole(1, 3); n > 0; n--) this.#makeRoom(past);
    for (let n = 1; n <= devices; n++) {
      const person = n <= 2 ? (persons[n - 1] as Person) : this.random.pick(persons);
      const device = new Device({ world: this, name: `device${n}`, person, wantsRooms: this.random.chance(0.5) });
      if (!device.wantsRooms)
        for (const channel of this.channels()) if (this.random.chance(0.7)) device.wanted.add(channel);
      this.devices.push(device);
    }
  }

  #makeRoom(past: number): void {
    const { persons } = this;
    const owner = this.random.pick(persons);
    const history = this.random.chance(0.7) ? "all" : "joined";
    const kind = this.random.chance(0.7) ? "public" : "private";
    const room = { id: shortId(), kind, name: "a room", history } as const;
    const by = { actor: owner.n, by: owner.id };
    const [made] = this.database.seed([
      { kind: "created", ...by, room, data: `{"user":"${owner.id}","role":"owner"}` },
    ]);
    const n = made?.room ?? 0;
    this.database.rooms.get(n)?.know();
    const drafts: Draft[] = [];
    for (const { n: target, id: about } of persons.filter((person) => person !== owner)) {
      const data = `{"user":"${about}","role":"member"}`;
      const who = { actor: target, by: about, target, about, role: "member", right: "server" } as const;
      const draft = { kind: "joined", room: n, ...who, data } as const;
      if (this.random.chance(0.7)) drafts.push(draft);
    }
    for (let event = 0; event < past; event++) {
      const id = `00000000-0000-7000-9000-${String(this.count()).padStart(12, "0")}`;
      drafts.push({ kind: "message", room: n, ...by, id, data: `{"text":"past ${id}"}` });
    }
    this.database.seed(drafts);
    if (this.random.chance(0.15)) this.database.crowd(n);
  }

  #start(at: number): void {
    const name = `server${at + 1}`;
    if (this.verbose) this.say(`${name} starts`);
    this.servers[at] = [];
    this.servers[at] = startServer(this, { name, wall: this.walls[at] as Wall, failed: () => this.#kill(at) });
  }

  /** It is there again a while later. */
  #kill(at: number): void {
    const nodes = this.servers[at] ?? [];
    if (nodes.length === 0) return;
    if (this.verbose) this.say(`server${at + 1} is killed`);
    this.kills++;
    this.servers[at] = [];
    for (const node of nodes) node.kill();
    this.timeline.after(this.random.between(5, 800), () => this.#start(at));
  }

  /** A device lives: it comes back when it has lost its connection, does what is to be done, and sometimes what it likes. */
  #live(device: Device): void {
    const { act_ms, latency_ms } = this.weather;
    const again = (): void => {
      if (device.link === undefined) device.dial();
      else {
        if (this.stormy) act(this, device);
        device.upkeep();
      }
      const calm_ms = this.#restful ? rest_ms : 50 + latency_ms;
      this.timeline.after(this.random.between(0.1, 2) * (this.stormy ? act_ms : calm_ms), again);
    };
    this.timeline.after(this.random.between(0, act_ms), again);
  }

  #cutSometimes(): void {
    this.timeline.after(this.random.between(0, 2) * this.weather.cut_ms, () => {
      if (!this.stormy) return;
      const device = this.random.pick(this.devices);
      const { link } = device;
      if (link !== undefined) {
        if (this.verbose) this.say(`the wire of ${device.name} is cut`);
        const server_ms = this.random.chance(0.3) ? undefined : this.random.between(0, 3_000);
        link.cut({ client_ms: this.random.between(0, 300), server_ms });
      }
      this.#cutSometimes();
    });
  }

  #cutBrokerSometimes(): void {
    if (this.weather.nodes === 1) return;
    this.timeline.after(this.random.between(0, 2) * this.weather.brokerCut_ms, () => {
      if (!this.stormy) return;
      this.random.pick(this.servers)[0]?.broker?.cut(this.random.between(5, 1_500));
      this.#cutBrokerSometimes();
    });
  }

  #killSometimes(): void {
    this.timeline.after(this.random.between(0, 2) * this.weather.crash_ms, () => {
      if (!this.stormy) return;
      this.#kill(this.random.whole(0, this.servers.length - 1));
      this.#killSometimes();
    });
  }

  #stepClockSometimes(): void {
    this.timeline.after(this.random.between(500, 8_000), () => {
      if (!this.stormy) return;
      this.random.pick(this.walls).offset_ms += this.random.between(-2, 2) * 3_600_000;
      this.#stepClockSometimes();
    });
  }

  /** From now on nothing goes wrong; whatever is still on its way must come to an end. */
  #calm(): void {
    this.stormy = false;
    if (this.verbose) this.say("calm");
    const end_ms = this.timeline.now_ms + calm_ms_max;
    let quiet_ms = Number.POSITIVE_INFINITY;
    const look = (): void => {
      for (const device of this.devices) device.wantAll();
      const { now_ms } = this.timeline;
      const restless = isQuiet(this);
      this.#restful = restless === undefined;
      quiet_ms = restless === undefined ? Math.min(quiet_ms, now_ms) : Number.POSITIVE_INFINITY;
      if (now_ms - quiet_ms >= (this.hasOthers ? settled_ms : 0)) this.#isQuiet = true;
      else if (now_ms > end_ms) this.fail(`no rest: ${restless ?? "too late"}`, undefined);
      else this.timeline.after(look_ms, look);
    };
    look();
  }
}
