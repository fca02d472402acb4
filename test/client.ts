/**
 * A client of the wire that does what it is told, also what a good client never does. It answers pings, keeps every line
 * until somebody asked for it, and waits for conditions with a deadline.
 *
 *     await using client = await connectRaw(node, { data: { rooms: true } });
 *     const reply = await client.request("publish", { channel, data: {} });
 */

import {
  publicationOf,
  publicationPushOf,
  publicationsOf,
  type ConnectResult,
  type ErrorBody,
  type Line,
  type Publication,
  type Push,
  type Reply,
  type SubscribeResult,
} from "./wire.ts";

export interface Address {
  /** `ws://…/connection/websocket` */
  readonly ws: string;
}

export interface Close {
  readonly code: number;
  readonly reason: string;
}

export interface ConnectOptions {
  readonly data?: unknown;
  readonly token?: string;
  readonly subs?: Readonly<Record<string, unknown>>;
}

interface Wish {
  readonly accepts: (line: Line) => boolean;
  readonly resolve: (line: Line) => void;
}

const wait_ms_max = 20_000;

/** Rejects with a sentence when a promise takes too long; what it waits for is a condition, never the time. */
export function within<T>(promise: Promise<T>, what: () => string, ms = wait_ms_max): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Expected within ${ms} ms: ${what()}`)), ms);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export interface RawOptions {
  readonly protocols?: string[];
  readonly headers?: Record<string, string>;
  /** Takes a certificate that nobody vouches for. */
  readonly anyCertificate?: boolean;
}

export class RawClient implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #replies = new Map<number, (reply: Reply) => void>();
  /** The channel of each subscribe that is on its way, to know whose publications its reply brings. */
  readonly #subscribing = new Map<number, string>();
  readonly #inbox: Line[] = [];
  #wishes: Wish[] = [];
  readonly #logs = new Map<string, Publication[]>();
  #watchers: (() => void)[] = [];
  #next = 1;
  /** Frames that came, as they came. */
  readonly frames: string[] = [];
  keepsFrames = false;
  answersPings = true;
  /** Pushes that came before the reply to connect; a good server sends none. */
  readonly early: string[] = [];
  connected: ConnectResult | undefined;
  readonly opened: Promise<void>;
  readonly closed: Promise<Close>;

  constructor(address: Address, options: RawOptions = {}) {
    const tls = options.anyCertificate === true ? { tls: { rejectUnauthorized: false } } : {};
    const { protocols = [], headers = {} } = options;
    const socket = new WebSocket(address.ws, { protocols, headers, ...tls });
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    const open = Promise.withResolvers<void>();
    const close = Promise.withResolvers<Close>();
    this.opened = open.promise;
    this.closed = close.promise;
    socket.onopen = () => open.resolve();
    socket.onmessage = ({ data }) => this.#received(String(data));
    socket.onclose = ({ code, reason }) => {
      open.reject(new Error(`Expected an open socket; it was closed with ${code} ${reason}`));
      close.resolve({ code, reason });
      for (const watch of this.#watchers.splice(0)) watch();
    };
    open.promise.catch(() => {});
  }

  get user(): string {
    return this.connected?.data.user.id ?? "";
  }

  /** Bytes of ours that the socket has not taken. */
  get unsent(): number {
    return this.#socket.bufferedAmount;
  }

  /** Publications of a channel in the order in which they came, those of replies included. */
  log(channel: string): readonly Publication[] {
    return this.#logs.get(channel) ?? [];
  }

  seqs(channel: string): number[] {
    return this.log(channel).map(({ seq }) => seq);
  }

  /** Sends a text or bytes as they are. */
  send(frame: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(frame);
  }

  /** A command's text and the promise of its reply, for frames that hold several. */
  command(method: string, body: unknown): { readonly text: string; readonly reply: Promise<Reply> } {
    return this.rawCommand(method, JSON.stringify(body), body);
  }

  /** The same with the body as text. */
  rawCommand(method: string, text: string, body?: unknown): { readonly text: string; readonly reply: Promise<Reply> } {
    const id = this.#next++;
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#replies.set(id, resolve);
    if (method === "subscribe" && body !== undefined) this.#subscribing.set(id, (body as { channel: string }).channel);
    return { text: `{"id":${id},"${method}":${text}}`, reply: promise };
  }

  /** Sends a command and waits for its reply, an error included. */
  request(method: string, body: unknown): Promise<Reply> {
    const { text, reply } = this.command(method, body);
    this.send(text);
    return this.#answered(reply, () => `a reply to ${text.slice(0, 200)}`);
  }

  /** Sends a command whose body is given as text. */
  requestText(method: string, body: string): Promise<Reply> {
    const { text, reply } = this.rawCommand(method, body);
    this.send(text);
    return this.#answered(reply, () => `a reply to ${text.slice(0, 200)}`);
  }

  #answered(reply: Promise<Reply>, what: () => string): Promise<Reply> {
    const gone = this.closed.then(({ code, reason }) => {
      throw new Error(`Expected ${what()}; the socket was closed with ${code} ${reason}`);
    });
    return within(Promise.race([reply, gone]), what);
  }

  /** An operation; its output, or the error as a thrown one. */
  async rpc<T = Record<string, unknown>>(method: string, data: unknown): Promise<T> {
    const reply = await this.request("rpc", { method, data });
    if (reply.error !== undefined) throw new Error(`${method}: ${reply.error.code} ${reply.error.message}`);
    return reply.rpc?.data as T;
  }

  /** The error of an operation; fails where it succeeds. */
  async refusal(method: string, body: unknown): Promise<ErrorBody> {
    const reply = await this.request(method, body);
    if (reply.error === undefined) throw new Error(`Expected an error; got ${reply.text.slice(0, 300)}`);
    return reply.error;
  }

  async subscribe(channel: string, options: object = {}): Promise<SubscribeResult> {
    const reply = await this.request("subscribe", { channel, ...options });
    if (reply.subscribe === undefined) throw new Error(`subscribe ${channel}: ${reply.text.slice(0, 300)}`);
    return reply.subscribe;
  }

  async connect(options: ConnectOptions = {}): Promise<ConnectResult> {
    const reply = await this.request("connect", options);
    if (reply.connect === undefined) throw new Error(`connect: ${reply.text.slice(0, 300)}`);
    return reply.connect;
  }

  /** The first line, of those not taken yet, that is accepted; taken out. */
  next(accepts: (line: Line) => boolean, what = "a line"): Promise<Line> {
    const at = this.#inbox.findIndex(accepts);
    if (at >= 0) return Promise.resolve(this.#inbox.splice(at, 1)[0] as Line);
    const { promise, resolve } = Promise.withResolvers<Line>();
    this.#wishes.push({ accepts, resolve });
    return within(promise, () => what);
  }

  /** Lines not taken yet. */
  get waiting(): readonly Line[] {
    return this.#inbox;
  }

  nextPush(kind: keyof Push, channel: string): Promise<Push> {
    const what = `a push ${kind} of ${channel}`;
    return this.next(({ push }) => push?.[kind] !== undefined && push.channel === channel, what).then(
      ({ push }) => push as Push,
    );
  }

  /** Waits until a condition on what has come holds. */
  async until(condition: () => boolean, what: string, ms = wait_ms_max): Promise<void> {
    const work = async (): Promise<void> => {
      while (!condition()) {
        if (this.#socket.readyState >= WebSocket.CLOSING) {
          const { code, reason } = await this.closed;
          throw new Error(`Expected ${what}; the socket was closed with ${code} ${reason}`);
        }
        await new Promise<void>((resume) => this.#watchers.push(resume));
      }
    };
    await within(work(), () => what, ms);
  }

  /** Waits for the publication with that seq. */
  untilSeq(channel: string, seq: number, ms?: number): Promise<void> {
    const what = (): string => `seq ${seq} of ${channel}`;
    return this.until(() => (this.log(channel).at(-1)?.seq ?? 0) >= seq, what(), ms);
  }

  /** Everything that was sent to this socket before now has been received after it. */
  async settled(): Promise<void> {
    await this.request("ping", {});
  }

  async close(): Promise<Close> {
    this.#socket.close(1000);
    return await within(this.closed, () => "the close");
  }

  /** Breaks the connection without a word. */
  terminate(): void {
    this.#socket.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.closed;
  }

  #received(frame: string): void {
    if (this.keepsFrames) this.frames.push(frame);
    for (const text of frame.split("\n")) this.#line(text);
    for (const watch of this.#watchers.splice(0)) watch();
  }

  #line(text: string): void {
    if (text === "{}") {
      if (this.answersPings && this.#socket.readyState === WebSocket.OPEN) this.#socket.send("{}");
      return;
    }
    if (this.connected === undefined && text.startsWith('{"push"')) this.early.push(text);
    const push = publicationPushOf(text);
    // What comes on a person's own line has no place in a log: it waits in the inbox like other pushes.
    if (push !== undefined && !push.channel.startsWith("user:")) {
      // Publications are most of what comes: they are read by their fixed form and kept in their channel's log.
      this.#logOf(push.channel).push(publicationOf(push.text));
      return;
    }
    const line = { ...(JSON.parse(text) as Omit<Line, "text">), text };
    const resolve = this.#replies.get(line.id ?? 0);
    if (line.id !== undefined && resolve !== undefined) {
      this.#replies.delete(line.id);
      this.#note(line as Reply);
      return resolve(line as Reply);
    }
    const at = this.#wishes.findIndex(({ accepts }) => accepts(line));
    if (at >= 0) this.#wishes.splice(at, 1)[0]?.resolve(line);
    else this.#inbox.push(line);
  }

  #note(reply: Reply): void {
    if (reply.connect !== undefined) {
      this.connected = reply.connect;
      for (const [channel, sub] of Object.entries(reply.connect.subs)) {
        const texts = (sub.publications ?? []).length === 0 ? [] : publicationsOf(subText(reply.text, channel));
        this.#logOf(channel).push(...texts);
      }
    }
    const channel = this.#subscribing.get(reply.id);
    if (channel !== undefined && reply.subscribe?.publications !== undefined) {
      this.#logOf(channel).push(...publicationsOf(reply.text));
    }
  }

  #logOf(channel: string): Publication[] {
    let log = this.#logs.get(channel);
    if (log === undefined) this.#logs.set(channel, (log = []));
    return log;
  }
}

function subText(text: string, channel: string): string {
  return text.slice(text.lastIndexOf(`"${channel}":{"recoverable"`));
}

/** An open socket on which nothing was said yet. */
export async function openRaw(
  address: Address,
  options?: { protocols?: string[]; headers?: Record<string, string> },
): Promise<RawClient> {
  const client = new RawClient(address, options);
  await within(client.opened, () => "an open socket");
  return client;
}

/** A signed-in connection; without a token a guest's. */
export async function connectRaw(address: Address, options: ConnectOptions = {}): Promise<RawClient> {
  const client = await openRaw(address);
  await client.connect(options);
  return client;
}

/** Asks again and again until it holds; for what has no news of its own. */
export async function eventually(condition: () => boolean | Promise<boolean>, what: string, ms = wait_ms_max) {
  const end = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Expected within ${ms} ms: ${what}`);
    await new Promise((resume) => setTimeout(resume, 20));
  }
}

/** The number at a share of a list, 0.5 for the median. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
