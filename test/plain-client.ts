/** A program as the old tutorials show it: it opens a WebSocket, sends texts and prints what comes. */

import { within, type Close } from "./client.ts";

export interface PlainClient extends AsyncDisposable {
  /** Texts in the order in which they came. */
  readonly heard: readonly string[];
  readonly closed: Promise<Close>;
  say(text: string | Uint8Array<ArrayBuffer>): void;
  /** Closes in order: what was said goes out first. */
  hangUp(): void;
  /** Waits until so many texts have come, and gives them. */
  hear(count: number): Promise<readonly string[]>;
}

/** `address` is that of the server's page with what the client asks for behind it: `http://127.0.0.1:8000/?echo=0`. */
export async function connectPlain(address: string, headers: Record<string, string> = {}): Promise<PlainClient> {
  const socket = new WebSocket(address.replace(/^http/, "ws"), { headers });
  const heard: string[] = [];
  let watchers: (() => void)[] = [];
  const close = Promise.withResolvers<Close>();
  socket.onmessage = ({ data }) => {
    heard.push(String(data));
    for (const watch of watchers.splice(0)) watch();
  };
  socket.onclose = ({ code, reason }) => {
    close.resolve({ code, reason });
    for (const watch of watchers.splice(0)) watch();
  };
  const opened = new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    void close.promise.then(({ code, reason }) => reject(new Error(`Expected an open socket; got ${code} ${reason}`)));
  });
  await within(opened, () => "an open socket");
  return {
    heard,
    closed: close.promise,
    say: (text) => socket.send(text),
    hangUp: () => socket.close(),
    async hear(count) {
      const work = async (): Promise<void> => {
        while (heard.length < count) {
          if (socket.readyState >= WebSocket.CLOSING) throw new Error(`Expected ${count} texts; the socket was closed`);
          await new Promise<void>((resume) => watchers.push(resume));
        }
      };
      await within(work(), () => `${count} texts, not ${JSON.stringify(heard)}`);
      return [...heard];
    },
    async [Symbol.asyncDispose]() {
      watchers = [];
      socket.terminate();
      await close.promise;
    },
  };
}

/** The status with which an upgrade is refused. */
export async function refusedStatus(address: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(address, {
    headers: {
      connection: "upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...headers,
    },
  });
  await response.body?.cancel();
  return response.status;
}
