/** What one node is told to keep out is kept out by the others: by Redis at once, without it by a look into the database. */

import { expect, test } from "bun:test";
import { createClient } from "@libsql/client";
import type { OutputOf } from "../../src/protocol/operations.ts";
import { connectRaw, eventually, openRaw, RawClient, within } from "../client.ts";
import { codeOf, roomOf, told, toldToWrite } from "../room-people.ts";
import { nodeOf, startCluster, type TestCluster } from "./nodes.ts";

const args = ["--trusted-proxies", "127.0.0.1"];
const soon_ms_max = 1_000;
const late_ms_max = 3_000;

/** Connections of one administrator, a node each. */
async function administrators(cluster: TestCluster): Promise<[RawClient, RawClient]> {
  const first = await connectRaw(nodeOf(cluster, 0));
  const token = first.connected?.data.token ?? "";
  const client = createClient({ url: cluster.sqld.url });
  await client.execute({ sql: "UPDATE users SET role = 'owner' WHERE id = ?", args: [first.user] });
  client.close();
  await first.close();
  return [await connectRaw(nodeOf(cluster, 0), { token }), await connectRaw(nodeOf(cluster, 1), { token })];
}

async function took(work: () => Promise<unknown>, until: () => Promise<unknown>): Promise<number> {
  await work();
  const start_ms = performance.now();
  await until();
  return performance.now() - start_ms;
}

/** Changes each of them here, and gives how long it took until the other node knew. */
async function changes(cluster: TestCluster): Promise<Record<"lockdown" | "rule" | "ban" | "block", number>> {
  const [here, there] = await administrators(cluster);
  const word = `unwanted${performance.now().toFixed(0)}`;
  const network = "198.51.100.0/24";
  const headers = { "x-forwarded-for": "198.51.100.7" };
  const stranger = new RawClient(nodeOf(cluster, 1), { headers });
  await stranger.opened;
  await stranger.connect();
  await using other = await connectRaw(nodeOf(cluster, 1));
  const { id: direct } = await there.rpc<{ id: string }>("room.direct", { users: [other.user] });
  expect(await toldToWrite(other, direct)).toBe("ok");

  const rule = await took(
    () => here.rpc("rule.create", { text: word }),
    () =>
      eventually(
        async () => (await there.rpc<OutputOf<"rule.test">>("rule.test", { text: word })).refused,
        "the rule on the other node",
      ),
  );
  const room = await roomOf(other);
  expect(await toldToWrite(other, room, { text: word })).toBe("message_refused");

  const page = async (): Promise<unknown> => {
    const { events } = await there.rpc<{ events: { data: unknown }[] }>("message.list", { room: direct, limit: 1 });
    return events[0]?.data;
  };
  expect(await page()).toEqual({ text: "hi" });
  const block = await took(
    () => here.rpc("user.block", { user: other.user }),
    () => eventually(async () => (await page()) === null, "the block on the other node"),
  );
  expect(await toldToWrite(other, direct)).toBe("permission_denied");

  const ban = await took(
    () => here.rpc("address_ban.create", { network }),
    () => within(stranger.closed, () => "the end of the connection from there"),
  );
  const status = async (): Promise<number> => (await fetch(nodeOf(cluster, 1).url, { headers })).status;
  expect([(await stranger.closed).code, await status()]).toEqual([3510, 403]);

  const settings = async (): Promise<OutputOf<"server.settings.get">> => there.rpc("server.settings.get", {});
  const lockdown = await took(
    () => here.rpc("server.lockdown", { on: true }),
    () => eventually(async () => (await settings()).lockdown, "the lockdown on the other node"),
  );
  await using late = await openRaw(nodeOf(cluster, 1));
  expect(codeOf((await late.request("connect", {})).error)).toBe("locked_down");
  await here.rpc("server.lockdown", { on: false });
  expect(await told(here, "user.unblock", { user: other.user })).toBe("ok");
  await here.close();
  await there.close();
  return { lockdown, rule, ban, block };
}

function say(title: string, figures: Record<string, number>): void {
  const texts = Object.entries(figures).map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`);
  console.log(`figure: ${title}: ${texts.join(", ")} until the other node knows`);
}

test("a rule, a ban, a block and a lockdown reach the other node within a second", async () => {
  await using cluster = await startCluster({ count: 2, args });
  const figures = await changes(cluster);
  say("with Redis", figures);
  expect(Math.max(...Object.values(figures))).toBeLessThan(soon_ms_max);
});

test("with Redis stopped they do within three seconds", async () => {
  await using cluster = await startCluster({ count: 2, args });
  cluster.redis.signal("SIGSTOP");
  try {
    const figures = await changes(cluster);
    say("with Redis stopped", figures);
    expect(Math.max(...Object.values(figures))).toBeLessThan(late_ms_max);
  } finally {
    cluster.redis.signal("SIGCONT");
  }
});
