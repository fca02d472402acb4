/** Socket.IO on its engine for Bun. */

interface IoSocket {
  readonly handshake: { readonly query: Readonly<Record<string, string>> };
  join(room: string): void;
  on(event: string, run: (message: unknown) => void): void;
}
interface IoLibrary {
  Server: new () => {
    bind(engine: unknown): void;
    on(event: "connection", run: (socket: IoSocket) => void): void;
    to(room: string): { emit(event: string, message: unknown): void };
  };
}
type Handler = Pick<Bun.Serve.Options<object>, "websocket"> & {
  fetch: (request: Request, server: Bun.Server<object>) => Response | Promise<Response>;
};
interface EngineLibrary {
  Server: new (options: { path: string }) => { handler(): Handler };
}

// The packages are installed beside the copy of this file that runs, and not where types are checked.
const libraries: Record<"io" | "engine", string> = { io: "socket.io", engine: "@socket.io/bun-engine" };
const { Server } = (await import(libraries.io)) as IoLibrary;
const { Server: Engine } = (await import(libraries.engine)) as EngineLibrary;

const io = new Server();
const engine = new Engine({ path: "/socket.io/" });
io.bind(engine);
io.on("connection", (socket) => {
  const room = socket.handshake.query["room"] ?? "";
  socket.join(room);
  socket.on("m", (message) => io.to(room).emit("m", message));
});
const server = Bun.serve({
  ...engine.handler(),
  hostname: "127.0.0.1",
  port: Number(process.argv[2] ?? 0),
  idleTimeout: 30,
} as Bun.Serve.Options<object>);
console.log(`ready ${server.port}`);
