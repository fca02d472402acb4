import { answerInvitation, followLink } from "./invitations.ts";
import { Letters, type Letter } from "./letters.ts";
import { Link, type Caller } from "./network.ts";
import { Streams, type Subscribed } from "./streams.ts";
import type { World } from "./world.ts";

export interface Person {
  readonly n: number;
  readonly id: string;
  readonly token: string;
}

/** Questions about people's places, whose answers concern somebody else too. */
type Asked = "invite" | "link" | "look";

/** What a device has asked and not heard of. */
interface Question {
  readonly kind: "connect" | "subscribe" | "unsubscribe" | "send" | "conflict" | "create" | "page" | Asked | "other";
  readonly channel?: string | undefined;
  readonly letter?: Letter | undefined;
  /** Who is invited. */
  readonly user?: string;
  readonly position?: number | undefined;
  readonly epoch?: string | undefined;
  readonly wasStored?: boolean;
  readonly sent_ms: number;
}

interface Reply {
  readonly id: number;
  readonly error?: { readonly code: number; readonly message: string; readonly temporary?: boolean };
  readonly connect?: { readonly subs: Readonly<Record<string, Subscribed>> };
  readonly subscribe?: Subscribed;
  readonly rpc?: {
    readonly data: {
      readonly seq?: number;
      readonly id?: string;
      readonly token?: string;
      readonly events?: readonly unknown[];
    };
  };
  readonly history?: { readonly publications: readonly unknown[] };
}

interface NewsPush {
  readonly push: { readonly pub: { readonly data: { readonly type: string; readonly room: string } } };
}

const pushStart = '{"push":{"channel":"';
const resend_ms = 2_500;

/** A good client: keeps positions and what it has written, comes back, asks again for what it has no answer to. */
export class Device implements Caller {
  readonly name: string;
  readonly person: Person;
  /** It asks for the person's rooms instead of subscribing itself. */
  readonly wantsRooms: boolean;
  /** Channels that it subscribes to by itself. */
  readonly wanted = new Set<string>();
  readonly streams: Streams;
  readonly letters: Letters;
  readonly #world: World;
  link: Link | undefined;
  ready = false;
  /** Its next connect names another log's epoch, as after a restore. */
  strange = false;
  #links = 0;
  #turns = 0;
  #ids = 0;
  readonly #questions = new Map<number, Question>();
  readonly #resent_ms = new Map<Letter, number>();
  #lines: string[] = [];

  constructor(options: { world: World; name: string; person: Person; wantsRooms: boolean }) {
    const { world, name, person } = options;
    this.#world = world;
    this.name = name;
    this.person = person;
    this.wantsRooms = options.wantsRooms;
    this.streams = new Streams({ world, user: person.id, name });
    this.letters = new Letters({ world, user: person.id });
  }

  /** The commands without an answer. */
  get unanswered(): string[] {
    return [...this.#questions].map(([id, { kind, channel = "" }]) => `${id} ${kind} ${channel}`);
  }

  /** From now on it wants the rooms of its person: what was committed late is in the log by now. */
  wantAll(): void {
    for (const [channel, room] of this.#world.database.byId) {
      if (room.isMember(this.person.id)) {
        if (!this.wantsRooms) this.wanted.add(channel);
      } else if (!room.isOpen) this.wanted.delete(channel);
    }
  }

  /** A subscribe of this channel is on its way. */
  asks(channel: string): boolean {
    return [...this.#questions.values()].some((one) => one.kind === "subscribe" && one.channel === channel);
  }

  dial(): void {
    this.#links++;
    this.link = this.#world.link(this);
    this.link.dial();
  }

  opened(link: Link): void {
    if (link !== this.link) return;
    this.streams.from = link.node;
    const { random, database } = this.#world;
    const epoch = this.strange ? "otherone" : database.epoch;
    this.strange = false;
    const positions = Object.fromEntries(this.streams.positions);
    // A page that was reloaded brings the positions that it has kept; a client that comes back has them in its subs.
    const isReload = random.chance(0.3);
    const body: Record<string, unknown> = { token: this.person.token, name: "simulated" };
    if (this.wantsRooms) body["data"] = isReload ? { rooms: true, epoch, positions } : { rooms: true };
    if (this.wantsRooms && !isReload) {
      const subs = Object.entries(positions).map(([channel, offset]) => [channel, { recover: true, epoch, offset }]);
      body["subs"] = Object.fromEntries(subs);
    }
    this.ask("connect", { connect: body }, { epoch });
    this.flush();
  }

  closed(link: Link, code: number): void {
    if (link !== this.link) return;
    if (code >= 3500 && code < 4000) this.#fail(`closed for good with ${code}`);
    this.link = undefined;
    this.ready = false;
    this.#lines = [];
    this.#questions.clear();
    this.streams.reset();
    for (const letter of this.letters.all) {
      if (letter.state !== "sent") continue;
      letter.state = letter.id === undefined ? "abandoned" : "waiting";
    }
  }

  /** Puts a command into the frame that `flush` sends. */
  ask(kind: Question["kind"], command: object, about: Omit<Question, "kind" | "sent_ms">): void {
    const id = ++this.#ids;
    this.#questions.set(id, { kind, ...about, sent_ms: this.#world.timeline.now_ms });
    this.#lines.push(JSON.stringify({ id, ...command }));
  }

  flush(): void {
    if (this.#lines.length === 0) return;
    const frame = this.#lines.join("\n");
    this.#lines = [];
    this.link?.write(frame);
  }

  subscribe(channel: string): void {
    const position = this.streams.positions.get(channel);
    const epoch = this.strange ? "otherone" : this.#world.database.epoch;
    this.strange = false;
    const recovery = position === undefined ? {} : { recover: true, epoch, offset: position };
    const join_leave = this.#world.random.chance(0.5);
    this.ask("subscribe", { subscribe: { channel, join_leave, ...recovery } }, { channel, position, epoch });
  }

  unsubscribe(channel: string): void {
    this.streams.end(channel);
    this.streams.leaving.add(channel);
    this.ask("unsubscribe", { unsubscribe: { channel } }, { channel });
  }

  /** Sends a letter, for the first time or again. */
  send(letter: Letter): void {
    letter.attempts++;
    if (letter.state !== "acknowledged") letter.state = "sent";
    if (letter.attempts === 1) {
      letter.place.link = this.#links;
      letter.place.turn = ++this.#turns;
    }
    this.#resent_ms.set(letter, this.#world.timeline.now_ms);
    const { data, id, room } = letter;
    const about = { letter, wasStored: this.#world.database.stored.has(data) };
    const words = JSON.parse(data) as unknown;
    if (id === undefined) this.ask("send", { publish: { channel: room, data: words } }, about);
    else this.ask("send", { rpc: { method: "message.send", data: { room, id, data: words } } }, about);
  }

  /** What a client does by itself: subscribes to what it wants, sends what waits, asks again where no answer comes. */
  upkeep(): void {
    if (!this.ready) return;
    for (const channel of this.wanted) {
      if (!this.streams.live.has(channel) && !this.asks(channel)) this.subscribe(channel);
    }
    const late_ms = this.#world.timeline.now_ms - resend_ms;
    for (const letter of this.letters.open()) {
      if (letter.state === "waiting" || (this.#resent_ms.get(letter) ?? 0) < late_ms) this.send(letter);
    }
    this.flush();
  }

  received(link: Link, frame: string, sent_ms: number): void {
    if (link !== this.link) return;
    for (const line of frame.split("\n")) {
      if (this.#world.verbose) this.#world.say(`${this.name} < ${line}`);
      if (line === "{}") link.write("{}");
      else if (line.startsWith(pushStart)) this.#push(line, sent_ms);
      else this.#reply(JSON.parse(line) as Reply, sent_ms);
    }
  }

  #push(line: string, sent_ms: number): void {
    if (!this.ready) return this.#fail(`a push before the connect reply: ${line}`);
    const end = line.indexOf('"', pushStart.length);
    const channel = line.slice(pushStart.length, end);
    const rest = line.slice(end + 2);
    if (channel.startsWith("user:")) return this.#news(channel, JSON.parse(line) as NewsPush);
    if (rest.startsWith('"pub":')) return this.streams.publication(channel, rest.slice('"pub":'.length, -2), sent_ms);
    if (rest.startsWith('"subscribe":')) {
      const { push } = JSON.parse(line) as { push: { subscribe: Subscribed } };
      this.streams.begin(channel, push.subscribe, { position: undefined, epoch: "", sent_ms });
    } else if (rest.startsWith('"unsubscribe":')) {
      this.streams.putOut(channel, sent_ms);
      this.wanted.delete(channel);
    }
  }

  /** What comes on the person's own line. */
  #news(channel: string, { push }: NewsPush): void {
    if (channel !== `user:${this.person.id}`) return this.#fail(`news of ${channel}`);
    const { room, type } = push.pub.data;
    if (type !== "invited") return;
    if (this.#world.database.byId.get(room)?.wasInvited(this.person.id) !== true)
      return this.#fail(`told of an invitation to ${room} that there is not`);
    answerInvitation(this.#world, { user: this.person.id, room });
  }

  #reply(reply: Reply, sent_ms: number): void {
    const question = this.#questions.get(reply.id);
    if (question === undefined) return this.#fail(`an answer to nothing: ${JSON.stringify(reply)}`);
    this.#questions.delete(reply.id);
    if (reply.error !== undefined) return this.#refused(question, reply.error);
    switch (question.kind) {
      case "connect":
        return this.#connected(question, { subs: reply.connect?.subs ?? {}, sent_ms });
      case "subscribe": {
        const { channel = "", position, epoch = "" } = question;
        return this.streams.begin(channel, reply.subscribe ?? {}, { position, epoch, sent_ms });
      }
      case "unsubscribe":
        this.streams.leaving.delete(question.channel ?? "");
        return;
      case "send":
        if (question.letter !== undefined) this.letters.acknowledged(question.letter, reply.rpc?.data.seq ?? 0);
        return;
      case "conflict":
        if (question.letter !== undefined && this.#lost(question.letter)) return;
        return this.#fail("the id of a message was taken for other words");
      case "page":
        return this.#page(question, { texts: reply.rpc?.data.events ?? reply.history?.publications ?? [], sent_ms });
      case "create":
        this.#world.database.byId.get(reply.rpc?.data.id ?? "")?.know();
        break;
      case "invite":
        return answerInvitation(this.#world, { user: question.user ?? "", room: question.channel ?? "" });
      case "link":
        return followLink(this.#world, reply.rpc?.data.token ?? "");
      case "look":
        return this.#seen(question, sent_ms);
      case "other":
    }
  }

  /** It was told what a room is. */
  #seen({ channel = "", sent_ms: asked_ms }: Question, sent_ms: number): void {
    const room = this.#world.database.byId.get(channel);
    if (room?.mayKnowOf(this.person.id, asked_ms, sent_ms) !== true) this.#fail(`was told of ${channel}`);
  }

  #connected(question: Question, said: { subs: Readonly<Record<string, Subscribed>>; sent_ms: number }): void {
    this.ready = true;
    for (const [channel, sub] of Object.entries(said.subs)) {
      if (channel.startsWith("user:")) continue;
      const position = this.streams.positions.get(channel);
      this.streams.begin(channel, sub, { position, epoch: question.epoch ?? "", sent_ms: said.sent_ms });
    }
  }

  #refused(question: Question, error: NonNullable<Reply["error"]>): void {
    const { code, temporary = false } = error;
    const { kind, channel = "", letter } = question;
    if (kind === "connect") {
      if (!temporary) this.#fail(`could not connect: ${error.message}`);
      this.link?.hangUp();
      if (this.link !== undefined) this.closed(this.link, 3000);
    } else if (kind === "subscribe") {
      if (!temporary && code !== 102 && code !== 107) this.#fail(`could not subscribe: ${error.message}`);
      if (!temporary && this.#world.stormy) this.wanted.delete(channel);
    } else if (kind === "unsubscribe") this.#fail(`could not unsubscribe: ${error.message}`);
    else if (kind === "conflict" && !temporary && code !== 409 && (letter === undefined || !this.#lost(letter)))
      this.#fail(`expected a conflict: ${error.message}`);
    else if (letter !== undefined && kind !== "conflict")
      this.#returned(letter, { code, temporary, wasStored: question.wasStored === true });
  }

  #returned(letter: Letter, error: { code: number; temporary: boolean; wasStored: boolean }): void {
    const { code, temporary } = error;
    if (letter.state === "acknowledged") {
      if (!temporary) this.letters.refused(letter, error);
    } else if (!temporary) this.letters.refused(letter, error);
    else if (letter.id !== undefined) letter.state = "waiting";
    else letter.state = code === 504 || code === 100 ? "abandoned" : "refused";
  }

  /** It has lost its words, or its room. */
  #lost(letter: Letter): boolean {
    const room = this.#world.database.byId.get(letter.room);
    return room?.isGone === true || room?.isErased(letter.seq) === true;
  }

  /** A page is a piece of the log, in either direction, without holes. */
  #page(question: Question, page: { texts: readonly unknown[]; sent_ms: number }): void {
    const room = this.#world.database.byId.get(question.channel ?? "");
    let before: number | undefined;
    for (const event of page.texts) {
      const { offset } = event as { offset: number };
      const at = { by: this.streams.from, sent_ms: page.sent_ms, read_ms: this.#world.weather.read_ms };
      if (room?.isText(offset, JSON.stringify(event), at) !== true) this.#fail(`a page has ${JSON.stringify(event)}`);
      if (room?.mayRead(this.person.id, offset, page.sent_ms) === false)
        this.#fail(`a page has ${offset}, not to be read`);
      if (before !== undefined && Math.abs(offset - before) !== 1) this.#fail(`a page has ${offset} behind ${before}`);
      before = offset;
    }
  }

  #fail(what: string): void {
    this.#world.fail(`${this.name} (${this.person.id}): ${what}`, undefined);
  }
}
