/** Where events come from, against a server of which the test says when it answers. */

import { expect, test } from "bun:test";
import { Centrifuge } from "centrifuge";
import { Feeds, type Feed } from "../../../src/sdk/feeds.ts";
import { eventually } from "../../client.ts";

const room = "room0000000000000001";

interface Command {
  readonly id?: number;
  readonly connect?: object;
  readonly subscribe?: object;
  readonly unsubscribe?: object;
}

/** Answers a connect, and keeps the other commands for the test to answer. */
function startServer() {
  const commands: Command[] = [];
  let say = (_frame: object): void => {};
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, bun) => (bun.upgrade(request) ? undefined : new Response(null, { status: 400 })),
    websocket: {
      message(ws, frame) {
        say = (answer) => void ws.send(JSON.stringify(answer));
        for (const line of String(frame).split("\n")) {
          const command = JSON.parse(line) as Command;
          if (command.connect !== undefined) say({ id: command.id, connect: { client: "c", version: "1" } });
          else commands.push(command);
        }
      },
    },
  });
  const url = `ws://127.0.0.1:${server.port}/`;
  return { commands, url, say: (frame: object) => say(frame), stop: () => server.stop(true) };
}

test("who subscribes while the server subscribes them does not end what the server has given", async () => {
  const server = startServer();
  const centrifuge = new Centrifuge(server.url);
  const heard: unknown[] = [];
  const feeds = new Feeds(centrifuge, { line: () => {}, event: () => {}, coming: () => {} });
  const feed: Feed = {
    position: () => undefined,
    subscribed: ({ offset }) => heard.push(`from ${offset}`),
    disconnected: () => {},
    publication: ({ offset }) => heard.push(offset),
    presence: () => {},
    ended: ({ message }) => heard.push(message),
  };
  try {
    centrifuge.connect();
    await centrifuge.ready();
    feeds.attach(room, feed);
    await eventually(() => server.commands.length === 1, "the client's own subscribe");
    const given = { recoverable: true, positioned: true, epoch: "aaaaaaaa", offset: 3 };
    server.say({ push: { channel: room, subscribe: given } });
    server.say({ push: { channel: room, pub: { data: {}, offset: 4 } } });
    await eventually(() => heard.includes(4), "an event before the answer");
    server.say({ id: server.commands[0]?.id, error: { code: 105, message: "already subscribed" } });
    server.say({ push: { channel: room, pub: { data: {}, offset: 5 } } });
    await eventually(() => heard.includes(5), "an event after the answer");
    feeds.detach(room);
    const asked = centrifuge.rpc("last", {});
    await eventually(() => server.commands.length > 1, "what the client asks next");
    server.say({ id: server.commands.at(-1)?.id, rpc: { data: {} } });
    await asked;
    expect(heard).toEqual(["from 3", 4, 5]);
    expect(server.commands.filter(({ unsubscribe }) => unsubscribe !== undefined)).toEqual([]);
  } finally {
    centrifuge.disconnect();
    await server.stop();
  }
});
