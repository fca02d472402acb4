/** Socket.IO with its usual engine, on Node: rooms by `join`, messages by `to(room).emit`. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

interface IoSocket {
  readonly handshake: { readonly query: Readonly<Record<string, string>> };
  join(room: string): void;
  on(event: string, run: (message: unknown) => void): void;
}
interface IoLibrary {
  Server: new (
    server: unknown,
    options: { transports: string[]; perMessageDeflate: boolean; serveClient: boolean },
  ) => {
    on(event: "connection", run: (socket: IoSocket) => void): void;
    to(room: string): { emit(event: string, message: unknown): void };
  };
}

// The package is installed beside the copy of this file that runs, and not where types are checked.
const library: string = "socket.io";
const { Server } = (await import(library)) as IoLibrary;

const http = createServer();
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false, serveClient: false });
io.on("connection", (socket) => {
  const room = socket.handshake.query["room"] ?? "";
  socket.join(room);
  socket.on("m", (message) => io.to(room).emit("m", message));
});
http.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  console.log(`ready ${(http.address() as AddressInfo).port}`);
});
