import { drainMicrotasks } from "bun:jsc";
import { sha256, shortId } from "../../src/lib/ids.ts";
import type { Person } from "./device.ts";
import { Reader } from "./reader.ts";
import type { RoomLog } from "./room-log.ts";
import { startServer } from "./server.ts";
import type { Weather } from "./weather.ts";
import { World } from "./world.ts";

export const people = 4;
const steps_max = 40_000;
const quiet_ms = 40;

const calm: Partial<Weather> = {
  latency_ms: 1,
  tick_ms: 2,
  slow: 0,
  weight: 1,
  commit_ms: 4,
  read_ms: 3,
  readFailures: 0,
  longWords: 0,
  past: 0,
  broker_ms: 2,
  lostLetters: 0,
};

/** A world in which nothing goes wrong but what people do to each other. */
export class CalmWorld extends World {
  readonly readers: { page: Reader; plain: Reader }[] = [];
  readonly rooms: RoomLog[] = [];

  constructor(seed: number, { nodes, ringBytes }: { nodes: number; ringBytes: number }) {
    super(seed, { verbose: false });
    Object.assign(this.weather, calm, { nodes, gateways: 1, ringBytes });
    this.stormy = false;
    for (let n = 1; n <= people; n++) {
      const person = { n, id: `person${n}`.padEnd(20, "x"), token: `guest_${n}` };
      this.database.addUser({ n, id: person.id, hash: sha256(person.token) });
      this.persons.push(person);
    }
    this.#makeRoom("public", "joined");
    this.#makeRoom("private", "all");
    for (let n = 1; n <= nodes; n++) {
      const failed = (): void => this.fail("no start", undefined);
      this.servers.push(startServer(this, { name: `server${n}`, wall: { offset_ms: 0 }, failed }));
    }
    // The doors are made a few microtasks later, or when others are heard.
    drainMicrotasks();
    this.until(() => this.nodes.every(({ isOpen }) => isOpen));
    for (const person of this.persons) {
      const page = new Reader({ world: this, person, wantsRooms: true });
      const plain = new Reader({ world: this, person, wantsRooms: false });
      for (const reader of [page, plain]) reader.dial("nothing");
      this.readers.push({ page, plain });
    }
    this.settle();
  }

  #makeRoom(kind: "public" | "private", history: "all" | "joined"): void {
    const { n: actor, id: by } = this.persons[0] as Person;
    const data = `{"user":"${by}","role":"owner"}`;
    const room = { id: shortId(), kind, name: "a room", history } as const;
    const [made] = this.database.seed([{ kind: "created", actor, by, room, data }]);
    const log = this.database.rooms.get(made?.room ?? 0);
    if (log !== undefined) this.rooms.push(log);
  }

  /** Lives on until everybody has their answers, and what they brought about has gone by. */
  settle(): void {
    const idle = (): boolean => this.readers.every(({ page, plain }) => page.isIdle && plain.isIdle);
    this.until(idle);
    this.pass(quiet_ms);
  }

  /** Lives on for so long. */
  pass(ms: number): void {
    let passed = false;
    this.timeline.after(ms, () => {
      passed = true;
    });
    this.until(() => passed);
  }

  /** Lives on until that is so. */
  until(holds: () => boolean): void {
    const end = this.timeline.steps + steps_max;
    while (!holds() && this.violation === undefined) {
      if (!this.timeline.step() || this.timeline.steps > end) this.fail("nothing comes to rest", undefined);
    }
  }
}
