/** Bare `Bun.serve` that answers everything with the bytes of a file, read once. */

const body = await Bun.file(process.argv[3] ?? "").text();
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.argv[2] ?? 0),
  fetch: () => new Response(body, { headers: { "content-type": "application/json" } }),
});
console.log(`ready ${server.port}`);
