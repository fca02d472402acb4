/** Node's usual WebSocket server: a frame a message to each socket in the room, one `send` after another. */

import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

interface WsSocket {
  send(data: unknown, options: { binary: boolean }): void;
  on(event: "message", run: (data: unknown) => void): void;
  on(event: "close", run: () => void): void;
}
interface WsLibrary {
  WebSocketServer: new (options: { server: unknown; perMessageDeflate: boolean }) => {
    on(event: "connection", run: (socket: WsSocket, request: IncomingMessage) => void): void;
  };
}

// The package is installed beside the copy of this file that runs, and not where types are checked.
const library: string = "ws";
const { WebSocketServer } = (await import(library)) as WsLibrary;

const rooms = new Map<string, Set<WsSocket>>();
const http = createServer();
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
sockets.on("connection", (socket, request) => {
  const name = new URL(request.url ?? "/", "http://peer").searchParams.get("room") ?? "";
  const room = rooms.get(name) ?? new Set<WsSocket>();
  rooms.set(name, room.add(socket));
  socket.on("message", (data) => {
    for (const member of room) member.send(data, { binary: false });
  });
  socket.on("close", () => room.delete(socket));
});
http.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  console.log(`ready ${(http.address() as AddressInfo).port}`);
});
