/** A link of limited speed in front of a server: what the server sends comes through at so many bytes a second. */

import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface SlowLink extends AsyncDisposable {
  /** The server's address through the link. */
  readonly ws: string;
  /** Bytes that came through. */
  readonly bytes: number;
}

const slice_ms = 50;

/** Reads no more from the server than the link takes, so that the rest stays in the server's hands. */
function throttle(from: Socket, to: Socket, link: { bytesPerSecond: number; passed: (bytes: number) => void }): void {
  const start_ms = performance.now();
  let taken = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  from.on("data", (piece) => {
    to.write(piece);
    link.passed(piece.length);
    taken += piece.length;
    const due_ms = (taken / link.bytesPerSecond) * 1000 - (performance.now() - start_ms);
    if (due_ms < slice_ms) return;
    from.pause();
    timer = setTimeout(() => from.resume(), due_ms);
  });
  from.on("close", () => {
    clearTimeout(timer);
    to.end();
  });
  from.on("error", () => to.destroy());
}

export async function slowLink(target: { readonly url: string }, bytesPerSecond: number): Promise<SlowLink> {
  const { hostname, port } = new URL(target.url);
  let bytes = 0;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("close", () => sockets.delete(socket));
    }
    near.on("error", () => far.destroy());
    near.on("data", (piece) => far.write(piece));
    near.on("close", () => far.destroy());
    throttle(far, near, { bytesPerSecond, passed: (count) => (bytes += count) });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    ws: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/connection/websocket`,
    get bytes() {
      return bytes;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
