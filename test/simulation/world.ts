import { sha256, shortId } from "../../src/lib/ids.ts";
import type { Draft } from "../../src/store/draft.ts";
import { checkServer, checkStored, isQuiet } from "./checks.ts";
import { SimulatedDatabase } from "./database.ts";
import { Device, type Person } from "./device.ts";
import { act } from "./habits.ts";
import { Link, type Caller } from "./network.ts";
import { Node } from "./node.ts";
import { Random } from "./random.ts";
import { Timeline, type Wall } from "./timeline.ts";
import { makeWeather, type Weather } from "./weather.ts";

const rooms_max = 6;
const calm_ms_max = 150_000;
const steps_max = 400_000;
const look_ms = 100;
const start_ms = Date.UTC(2026, 0, 1);

/**
 * Devices, a network, a server that is killed now and then, a database that is not. First a storm, then calm: within a
 * bounded time everything must have come to rest, and every promise must have been kept.
 */
export class World {
  readonly random: Random;
  readonly weather: Weather;
  readonly timeline = new Timeline();
  readonly wall: Wall = { offset_ms: start_ms };
  readonly database: SimulatedDatabase;
  readonly devices: Device[] = [];
  readonly verbose: boolean;
  node: Node | undefined;
  /** Things go wrong, and devices do as they please. */
  stormy = true;
  deliveries = 0;
  kills = 0;
  /** The first promise that was broken. */
  violation: string | undefined;
  #count = 0;
  #isQuiet = false;
  readonly #links = new Set<Link>();

  constructor(seed: number, options: { verbose: boolean }) {
    this.verbose = options.verbose;
    this.random = new Random(seed);
    this.weather = makeWeather(this.random);
    this.database = new SimulatedDatabase(this);
  }

  /** Lives a whole life; `violation` says afterwards what went wrong. */
  run(): void {
    this.#populate();
    this.#startNode();
    for (const device of this.devices) this.#live(device);
    this.#cutSometimes();
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
    this.node?.kill();
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

  count(): number {
    return ++this.#count;
  }

  /** A time from now, or the next one at which frames arrive together. */
  tick(delay_ms: number): number {
    const { tick_ms } = this.weather;
    const at_ms = this.timeline.now_ms + delay_ms;
    return tick_ms === 0 ? at_ms : Math.ceil(at_ms / tick_ms) * tick_ms;
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
    const persons: Person[] = [];
    for (let n = 1; n <= people; n++) {
      const person = { n, id: `person${n}`.padEnd(20, "x"), token: `guest_${n}` };
      this.database.addUser({ n, id: person.id, hash: sha256(person.token) });
      persons.push(person);
    }
    for (let n = this.random.whole(1, 3); n > 0; n--) this.#makeRoom(persons, past);
    for (let n = 1; n <= devices; n++) {
      const person = n <= 2 ? (persons[n - 1] as Person) : this.random.pick(persons);
      const device = new Device({ world: this, name: `device${n}`, person, wantsRooms: this.random.chance(0.5) });
      if (!device.wantsRooms)
        for (const channel of this.channels()) if (this.random.chance(0.7)) device.wanted.add(channel);
      this.devices.push(device);
    }
  }

  #makeRoom(persons: readonly Person[], past: number): void {
    const [owner] = persons as [Person];
    const history = this.random.chance(0.7) ? "all" : "joined";
    const room = { id: shortId(), kind: "public", name: "a room", history } as const;
    const by = { actor: owner.n, by: owner.id };
    const [made] = this.database.seed([
      { kind: "created", ...by, room, data: `{"user":"${owner.id}","role":"owner"}` },
    ]);
    const n = made?.room ?? 0;
    this.database.rooms.get(n)?.know();
    const drafts: Draft[] = [];
    for (const { n: target, id: about } of persons.slice(1)) {
      const data = `{"user":"${about}","role":"member"}`;
      const who = { actor: target, by: about, target, about, role: "member", right: "self" } as const;
      const draft = { kind: "joined", room: n, ...who, data } as const;
      if (this.random.chance(0.7)) drafts.push(draft);
    }
    for (let event = 0; event < past; event++) {
      const id = `00000000-0000-7000-9000-${String(this.count()).padStart(12, "0")}`;
      drafts.push({ kind: "message", room: n, ...by, id, data: `{"text":"past ${id}"}` });
    }
    this.database.seed(drafts);
  }

  #startNode(): void {
    this.node = new Node(this);
    if (this.verbose) this.say("the server starts");
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
      this.timeline.after(this.random.between(0.1, 2) * (this.stormy ? act_ms : 50 + latency_ms), again);
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

  #killSometimes(): void {
    this.timeline.after(this.random.between(0, 2) * this.weather.crash_ms, () => {
      if (!this.stormy || this.node === undefined) return;
      if (this.verbose) this.say("the server is killed");
      this.kills++;
      this.node.kill();
      this.node = undefined;
      this.timeline.after(this.random.between(5, 800), () => {
        this.#startNode();
        this.#killSometimes();
      });
    });
  }

  #stepClockSometimes(): void {
    this.timeline.after(this.random.between(500, 8_000), () => {
      if (!this.stormy) return;
      this.wall.offset_ms += this.random.between(-2, 2) * 3_600_000;
      this.#stepClockSometimes();
    });
  }

  /** From now on nothing goes wrong; whatever is still on its way must come to an end. */
  #calm(): void {
    this.stormy = false;
    if (this.verbose) this.say("calm");
    const end_ms = this.timeline.now_ms + calm_ms_max;
    const look = (): void => {
      for (const device of this.devices) device.wantAll();
      const restless = isQuiet(this);
      if (restless === undefined) this.#isQuiet = true;
      else if (this.timeline.now_ms > end_ms) this.fail(`no rest: ${restless}`, undefined);
      else this.timeline.after(look_ms, look);
    };
    look();
  }
}
