/**
 * Gateways as threads, seen from the main thread: it starts them, carries what they and the storage, the journal and the
 * broker say to each other, and asks them how they are. A gateway that dies or hangs ends the process: whatever it had
 * in memory is wrong, the log is not, and every client comes back.
 */

import type { FromBroker, ToBroker } from "./broker/threads.ts";
import type { Config, Secrets } from "./config.ts";
import type { Health } from "./gateway/canary.ts";
import { canaryAgeMetric } from "./gateway/figures.ts";
import type { PageFile } from "./gateway/page.ts";
import type { Tls } from "./gateway/server.ts";
import { assert } from "./lib/assert.ts";
import type { Clock } from "./lib/clock.ts";
import type { LogOptions } from "./lib/log.ts";
import type { Metrics } from "./lib/metrics.ts";
import { sumMetrics } from "./lib/metrics-sum.ts";
import { OperatorError } from "./lib/operator-error.ts";
import type { FromJournal, ToJournal } from "./store/journal-port.ts";
import { passOn, type FromStorage, type StorageThreads, type ToStorage } from "./store/storage-port.ts";

const look_ms = 1_000;
/** A gateway that takes none of its messages for so long hangs; what is posted to it waits in memory meanwhile. */
const hang_ms_max = 30_000;

/** What a gateway thread is told first. */
export interface Opening {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly version: string;
  readonly log: Pick<LogOptions, "level" | "format">;
  readonly tls: Tls | undefined;
  readonly page: readonly PageFile[];
  readonly ports: readonly number[];
  readonly epoch: string;
  readonly durability: string;
}

export interface GatewayReport {
  readonly connections: number;
  readonly health: Health;
  /** Its figures, rendered. */
  readonly metrics: string;
}

export type ToGateway =
  | { readonly op: "open"; readonly opening: Opening; readonly gateway: number }
  | { readonly op: "journal"; readonly message: FromJournal }
  | { readonly op: "storage"; readonly message: FromStorage }
  | { readonly op: "broker"; readonly message: FromBroker }
  | { readonly op: "alarm" }
  | { readonly op: "renew"; readonly tls: Tls }
  | { readonly op: "look" }
  | { readonly op: "report"; readonly n: number }
  | { readonly op: "metrics"; readonly n: number; readonly text: string }
  | { readonly op: "administer"; readonly n: number; readonly act: unknown }
  | { readonly op: "drain" };

export type FromGateway =
  | { readonly op: "ready" }
  | { readonly op: "opened"; readonly url: string }
  | { readonly op: "lost"; readonly message: string; readonly stack: string | undefined }
  | { readonly op: "journal"; readonly message: ToJournal }
  | { readonly op: "storage"; readonly message: ToStorage }
  | { readonly op: "broker"; readonly message: ToBroker }
  | { readonly op: "log"; readonly line: string }
  | { readonly op: "looked" }
  | { readonly op: "report"; readonly n: number; readonly report: GatewayReport }
  | { readonly op: "metrics"; readonly n: number }
  | { readonly op: "administered"; readonly n: number; readonly answer: unknown; readonly refusal: string | undefined }
  | { readonly op: "drained" };

/** Where a gateway's messages go to. */
export interface GatewaysOptions {
  readonly clock: Clock;
  readonly count: number;
  readonly opening: Opening;
  /** The main thread's own figures. */
  readonly metrics: Metrics;
  readonly threads: StorageThreads | undefined;
  readonly journal: (post: (message: FromJournal) => void) => (message: ToJournal) => void;
  readonly broker: (post: (message: FromBroker) => void) => (message: ToBroker) => void;
  /** Takes a line of the log. */
  readonly write: (line: string) => void;
  /** The file that each thread runs. A test gives one that can die. */
  readonly file?: string;
}

export function remoteOf({ config, secrets }: { config: Config; secrets: Secrets }) {
  return config.database === "" ? undefined : { url: config.database, token: secrets.databaseToken };
}

/** One gateway thread. */
class GatewayThread {
  readonly worker: Worker;
  readonly #options: GatewaysOptions;
  readonly #journal: (message: ToJournal) => void;
  readonly #broker: (message: ToBroker) => void;
  readonly #reports = new Map<number, (report: GatewayReport) => void>();
  readonly #acts = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  readonly #opened = Promise.withResolvers<string>();
  readonly #drained = Promise.withResolvers<undefined>();
  readonly #number: number;
  #next = 0;
  #heard_ms: number;
  /** Told when the thread is lost, once it has opened; before, the opening fails. */
  #isOpen = false;
  #isDone = false;
  readonly #askMetrics: () => Promise<string>;

  constructor(options: GatewaysOptions, number: number, askMetrics: () => Promise<string>) {
    this.#options = options;
    this.#number = number;
    this.#askMetrics = askMetrics;
    this.#heard_ms = options.clock.monotonic();
    this.#journal = options.journal((message) => this.post({ op: "journal", message }));
    this.#broker = options.broker((message) => this.post({ op: "broker", message }));
    this.worker = new Worker(options.file ?? new URL("./gateway-thread.ts", import.meta.url).href);
    this.worker.onerror = (event) => this.#lost(event.message);
    this.worker.addEventListener("close", () => this.#lost("it left"));
    this.worker.onmessage = ({ data }: MessageEvent<FromGateway>) => this.#received(data);
  }

  post(message: ToGateway): void {
    this.worker.postMessage(message);
  }

  /** Resolves with its address when it listens. */
  opened(): Promise<string> {
    return this.#opened.promise;
  }

  report(): Promise<GatewayReport> {
    return new Promise((resolve) => {
      const n = this.#next++;
      this.#reports.set(n, resolve);
      this.post({ op: "report", n });
    });
  }

  administer(act: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const n = this.#next++;
      this.#acts.set(n, { resolve, reject });
      this.post({ op: "administer", n, act });
    });
  }

  look(now_ms: number): void {
    const silent_ms = Math.round(now_ms - this.#heard_ms);
    if (silent_ms > hang_ms_max) this.#lost(`no answer for ${silent_ms} ms`);
    else this.post({ op: "look" });
  }

  async drain(): Promise<void> {
    this.post({ op: "drain" });
    await this.#drained.promise;
    this.#isDone = true;
    this.worker.terminate();
  }

  #lost(reason: string, stack?: string): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const error = new Error(`Gateway ${this.#number} died: ${reason}`);
    if (stack !== undefined) error.stack = `${error.message}\n${stack}`;
    if (!this.#isOpen) return this.#opened.reject(error);
    // Out of whatever called us: nobody is to catch it.
    this.#options.clock.soon(() => {
      throw error;
    });
  }

  #received(message: FromGateway): void {
    const { clock, opening, threads, write } = this.#options;
    switch (message.op) {
      case "ready":
        return this.post({ op: "open", opening, gateway: this.#number });
      case "opened":
        this.#isOpen = true;
        return this.#opened.resolve(message.url);
      case "lost":
        return this.#lost(message.message, message.stack);
      case "journal":
        return this.#journal(message.message);
      case "broker":
        return this.#broker(message.message);
      case "storage":
        assert(threads !== undefined, "only a local file has storage threads");
        return void passOn(threads, message.message, (answer) => this.post({ op: "storage", message: answer }));
      case "log":
        return write(message.line);
      case "looked":
        this.#heard_ms = clock.monotonic();
        return;
      case "report":
        this.#reports.get(message.n)?.(message.report);
        this.#reports.delete(message.n);
        return;
      case "metrics":
        return void this.#askMetrics().then((text) => this.post({ op: "metrics", n: message.n, text }));
      case "administered": {
        const { answer, n, refusal } = message;
        const asked = this.#acts.get(n);
        this.#acts.delete(n);
        if (refusal === undefined) asked?.resolve(answer);
        else asked?.reject(new OperatorError(refusal));
        return;
      }
      case "drained":
        return this.#drained.resolve(undefined);
    }
  }
}

/** All gateways of the process. */
export class Gateways {
  readonly #options: GatewaysOptions;
  #threads: GatewayThread[] = [];

  constructor(options: GatewaysOptions) {
    this.#options = options;
  }

  /** Resolves with the address when all of them listen. Rejects where one cannot. */
  async start(): Promise<string> {
    const { clock, count } = this.#options;
    const metrics = (): Promise<string> => this.#metrics();
    this.#threads = Array.from({ length: count }, (_, at) => new GatewayThread(this.#options, at + 1, metrics));
    const [url] = await Promise.all(this.#threads.map((thread) => thread.opened()));
    assert(url !== undefined, "there is a gateway");
    clock.every(look_ms, () => {
      for (const thread of this.#threads) thread.look(clock.monotonic());
    });
    return url;
  }

  alarm(): void {
    for (const thread of this.#threads) thread.post({ op: "alarm" });
  }

  renew(tls: Tls): void {
    for (const thread of this.#threads) thread.post({ op: "renew", tls });
  }

  /** For the tools: all connections, and the health of the gateway that is worst. */
  async status(): Promise<object> {
    const reports = await this.#reports();
    const connections = reports.reduce((sum, report) => sum + report.connections, 0);
    const [worst] = reports
      .map(({ health }) => health)
      .sort((a, b) => Number(a.ready) - Number(b.ready) || b.age_ms - a.age_ms);
    return { connections, gateways: reports.length, ...worst };
  }

  /** What the command line asks is done by the first; the others hear of it as of anything that was changed. */
  administer(act: unknown): Promise<unknown> {
    const [first] = this.#threads;
    assert(first !== undefined, "there is a gateway");
    return first.administer(act);
  }

  /** Sends everybody away; resolves once all that was sent is answered and the threads are gone. */
  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.drain()));
    this.#threads = [];
  }

  async #metrics(): Promise<string> {
    const texts = (await this.#reports()).map((report) => report.metrics);
    return sumMetrics([this.#options.metrics.render(), ...texts], new Set([canaryAgeMetric]));
  }

  #reports(): Promise<GatewayReport[]> {
    return Promise.all(this.#threads.map((thread) => thread.report()));
  }
}
