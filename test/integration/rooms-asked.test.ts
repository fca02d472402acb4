import { expect, test } from "bun:test";
import { connectRaw } from "../client.ts";
import { startNode } from "../harness.ts";
import { unlimited } from "../writing.ts";

const people = 80;
const times = 100;

test(`a room is asked for ${people * times} times at once, as when it has changed, and nobody is refused`, async () => {
  await using node = await startNode({ args: ["--open", "--connections-per-address-max", "0", ...unlimited] });
  await using owner = await connectRaw(node);
  const { id: room } = await owner.rpc<{ id: string }>("room.create", { name: "Large" });
  await using everybody = new AsyncDisposableStack();
  const clients = await Promise.all(Array.from({ length: people }, () => connectRaw(node)));
  for (const client of clients) everybody.use(client);
  await Promise.all(clients.map((client) => client.rpc("room.join", { room })));
  const started_ms = performance.now();
  const asked = clients.map(async (client) => {
    const commands = Array.from({ length: times }, () => client.command("rpc", { method: "room.get", data: { room } }));
    client.send(commands.map(({ text }) => text).join("\n"));
    return await Promise.all(commands.map(({ reply }) => reply));
  });
  const replies = (await Promise.all(asked)).flat();
  console.log(
    `figure: ${replies.length} questions for a room answered in ${(performance.now() - started_ms).toFixed(0)} ms`,
  );
  expect(replies.flatMap(({ error }) => (error === undefined ? [] : [error]))).toEqual([]);
  for (const { rpc } of replies)
    expect(rpc).toMatchObject({ data: { id: room, members: people + 1, role: "member", visible_from: 1 } });
});
