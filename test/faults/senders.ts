/** People who send at a rate and write down what became of each message. */

import { uuidv7 } from "../../src/lib/ids.ts";
import type { Checker } from "../checker.ts";
import { connectRaw, type Address, type RawClient } from "../client.ts";

export interface Answer {
  readonly id: string;
  readonly sent_ms: number;
  readonly took_ms: number;
  /** The error's code; undefined for an acknowledgement. */
  readonly code: number | undefined;
}

export interface Senders extends AsyncDisposable {
  readonly answers: Answer[];
  /** Ends the sending and waits for the answers that are on their way, where a socket is still open. */
  stop(): Promise<void>;
}

export interface Sending {
  readonly channel: string;
  readonly senders: number;
  readonly perSecond: number;
  readonly checker?: Checker;
  readonly text?: string;
}

/** Sends one message and waits for what becomes of it. */
export async function sendOne(
  client: RawClient,
  sending: Pick<Sending, "channel" | "checker" | "text">,
): Promise<Answer> {
  const id = uuidv7();
  const sent_ms = performance.now();
  const data = { room: sending.channel, id, data: { text: sending.text ?? "x" } };
  const { error, rpc } = await client.request("rpc", { method: "message.send", data });
  if (rpc !== undefined) sending.checker?.acknowledged(sending.channel, id, (rpc.data as { seq: number }).seq);
  return { id, sent_ms, took_ms: performance.now() - sent_ms, code: error?.code };
}

export async function startSenders(address: Address, sending: Sending): Promise<Senders> {
  const answers: Answer[] = [];
  const clients: RawClient[] = [];
  for (let at = 0; at < sending.senders; at++) {
    const client = await connectRaw(address);
    await client.subscribe(sending.channel);
    clients.push(client);
  }
  const waiting = new Set<Promise<void>>();
  const open = new Set(clients);
  for (const client of clients) void client.closed.then(() => open.delete(client));
  const start_ms = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - start_ms) / 1000) * sending.perSecond;
    for (; sent < due; sent++) {
      const client = clients[sent % clients.length] as RawClient;
      if (!open.has(client)) continue;
      // A socket that is closed meanwhile leaves its last messages without an answer: that is no acknowledgement.
      const work = sendOne(client, sending).then(
        (answer) => void answers.push(answer),
        () => {},
      );
      waiting.add(work);
      void work.then(() => waiting.delete(work));
    }
  }, 10);
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    await Promise.all(waiting);
  };
  return {
    answers,
    stop,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      for (const client of clients) client.terminate();
    },
  };
}
