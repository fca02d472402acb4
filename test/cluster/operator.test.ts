/** `confab room` on a database that several nodes share: it is written to directly, and each node notices. */

import { expect, test } from "bun:test";
import type { Room } from "../../src/protocol/room-operations.ts";
import { eventually } from "../client.ts";
import { runConfab, type Ran } from "../command.ts";
import { arrive, roomOf, told, toldToWrite } from "../room-people.ts";
import { temporaryFolder } from "../temporary.ts";
import { nodeOf, startCluster } from "./nodes.ts";

/** Two seconds until a node looks, and what it then takes. */
const noticed_ms_max = 3_500;

test("what the command line does to a room counts on every node of a shared database", async () => {
  await using cluster = await startCluster({ count: 2 });
  using folder = temporaryFolder();
  const place = ["--database", cluster.sqld.url, "--data", folder.path];
  const confab = (...args: string[]): Promise<Ran> => runConfab(["room", ...args, ...place]);
  await using ann = await arrive(nodeOf(cluster, 0));
  await using bob = await arrive(nodeOf(cluster, 1));
  const room = await roomOf(ann, [bob]);
  const at = ["--room", room];

  expect(await confab("close", ...at)).toMatchObject({ code: 0, complaint: "", output: `${room} is closed.\n` });
  for (const client of [ann, bob])
    await eventually(async () => (await toldToWrite(client, room)) === "room_closed", "the end", noticed_ms_max);
  await confab("reopen", ...at);
  expect(await confab("role", ...at, "--user", bob.user, "--role", "owner")).toMatchObject({ code: 0, complaint: "" });
  const isOwner = async (): Promise<boolean> => (await bob.rpc<Room>("room.get", { room })).role === "owner";
  await eventually(isOwner, "the role", noticed_ms_max);
  await confab("ban", ...at, "--user", ann.user);
  await eventually(async () => (await toldToWrite(ann, room)) === "room_not_found", "the ban", noticed_ms_max);
  expect(await told(ann, "room.join", { room })).toBe("room_not_found");
  expect(await told(bob, "member.unban", { room, user: ann.user })).toBe("ok");
  expect((await confab("show", ...at)).output).toMatch(/^banned +0$/m);
}, 60_000);
