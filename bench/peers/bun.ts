/** Bare Bun pub/sub, which stores nothing: a frame a message, or with `joined` all messages of one turn in one frame. */

const joined = process.argv.includes("joined");
const lines = new Map<string, string[]>();

function flush(): void {
  for (const [topic, waiting] of lines) server.publish(topic, waiting.join("\n"));
  lines.clear();
}

function publish(topic: string, message: string): void {
  if (!joined) {
    server.publish(topic, message);
    return;
  }
  if (lines.size === 0) setImmediate(flush);
  const waiting = lines.get(topic);
  if (waiting === undefined) lines.set(topic, [message]);
  else waiting.push(message);
}

const server = Bun.serve<{ room: string }>({
  hostname: "127.0.0.1",
  port: Number(process.argv[2] ?? 0),
  fetch(request, self) {
    const room = new URL(request.url).searchParams.get("room") ?? "";
    return self.upgrade(request, { data: { room } }) ? undefined : new Response("bare\n");
  },
  websocket: {
    open: (ws) => void ws.subscribe(ws.data.room),
    message: (ws, message) => publish(ws.data.room, String(message)),
  },
});
console.log(`ready ${server.port}`);
