/** What watches the server is told the truth. */

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { registerBrokerFigures } from "../../src/gateway/figures.ts";
import { Metrics } from "../../src/lib/metrics.ts";
import { connectRaw, eventually, openRaw } from "../client.ts";
import { startNode } from "../harness.ts";

interface Ready {
  readonly status: string;
  readonly reason?: string;
  readonly age_ms: number;
  readonly took_ms: number;
}

test("/readyz tells the age of a message that went through journal, database and socket", async () => {
  await using node = await startNode({ args: ["--open", "--connections-max", "1"] });
  // The server is full: that is no reason to call it unready.
  await using client = await connectRaw(node);
  const response = await fetch(`${node.url}/readyz`);
  expect(response.status).toBe(200);
  const first = (await response.json()) as Ready;
  expect(first.status).toBe("ready");
  expect(first.took_ms).toBeGreaterThan(0);
  const ages: number[] = [];
  await eventually(async () => {
    ages.push(((await (await fetch(`${node.url}/readyz`)).json()) as Ready).age_ms);
    return (ages.at(-1) ?? 0) < (ages.at(-2) ?? 0);
  }, "another message of the server's own");
  expect(Math.max(...ages)).toBeLessThan(7_000);
  expect((await fetch(`${node.url}/healthz`)).status).toBe(200);
  expect(client.waiting).toEqual([]);
});

test("a server that goes down is alive and not ready", async () => {
  await using node = await startNode({ args: ["--open"] });
  const clients = await Promise.all(Array.from({ length: 300 }, () => connectRaw(node)));
  const stopped = node.stop();
  await eventually(async () => {
    const response = await fetch(`${node.url}/readyz`);
    return response.status === 503 && ((await response.json()) as Ready).reason === "draining";
  }, "a server that is draining");
  expect((await fetch(`${node.url}/healthz`)).status).toBe(200);
  const entered = await openRaw(node).then(
    () => true,
    () => false,
  );
  expect(entered).toBe(false);
  expect(await stopped).toBe(0);
  for (const client of clients) expect((await client.closed).code).toBe(3001);
});

test("nobody outside finds the canary's room or its door", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node);
  expect((await client.refusal("subscribe", { channel: "$canary" })).code).toBe(102);
  expect((await client.refusal("publish", { channel: "$canary", data: { text: "x" } })).code).toBe(107);
  const listed = await client.rpc<{ rooms: unknown[] }>("room.list", {});
  expect(listed.rooms).toEqual([]);
  const door = await fetch(`${node.url}/connection/canary`, { headers: { upgrade: "websocket" } });
  expect(door.status).toBe(404);
});

test("/metrics counts what happened, for programs on this machine", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node);
  await client.subscribe("open:counted");
  for (let at = 0; at < 5; at++) await client.request("publish", { channel: "open:counted", data: { text: "x" } });
  const read = async (): Promise<Map<string, number>> => {
    const text = await (await fetch(`${node.url}/metrics`)).text();
    return new Map(
      [...text.matchAll(/^([a-z_]+(?:\{[^}]*\})?) (\S+)$/gm)].map(([, name = "", value]) => [name, Number(value)]),
    );
  };
  const figures = await read();
  expect(figures.get("confab_connections")).toBe(1);
  expect(figures.get("confab_people")).toBe(1);
  // The canary writes as well.
  expect(figures.get("confab_events_committed_total")).toBeGreaterThanOrEqual(6);
  expect(figures.get("confab_commit_seconds_count")).toBe(figures.get("confab_batch_drafts_count") ?? -1);
  expect(figures.get("confab_ack_seconds_sum")).toBeGreaterThan(0);
  expect(figures.get("confab_wal_bytes")).toBeGreaterThan(0);
  expect(figures.get("confab_ring_bytes")).toBeGreaterThan(0);
  expect(figures.get("process_open_fds")).toBeGreaterThan(10);
  await client.close();
  await eventually(async () => (await read()).get('confab_connections_ended_total{kind="left"}') === 1, "its end");

  const passedOn = await fetch(`${node.url}/metrics`, { headers: { "x-forwarded-for": "203.0.113.9" } });
  expect(passedOn.status).toBe(404);
  await using closed = await startNode({ args: ["--open", "--metrics", "off"] });
  expect((await fetch(`${closed.url}/metrics`)).status).toBe(404);
});

test("every figure of the dashboard in docs is one that the server has, and every one of its own is on it", async () => {
  await using node = await startNode({ args: ["--open"] });
  // Those that only a node beside others has.
  const metrics = new Metrics();
  registerBrokerFigures(metrics, { connected: true, dropped: 0 });
  const text = `${await (await fetch(`${node.url}/metrics`)).text()}${metrics.render()}`;
  const known = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = ""]) => name);
  const dashboard = readFileSync(join(import.meta.dir, "../../docs/grafana-dashboard.json"), "utf8");
  const named = new Set(
    [...dashboard.matchAll(/\b((?:confab|process)_[a-z_]+)\{/g)].map(([, name = ""]) => name.replace(/_bucket$/, "")),
  );
  expect([...named].filter((name) => !known.includes(name))).toEqual([]);
  const unseen = ["confab_rooms_live", "process_uptime_seconds"];
  expect(known.filter((name) => !named.has(name)).toSorted()).toEqual(unseen);
});
