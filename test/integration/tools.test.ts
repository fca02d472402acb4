/** The commands of the one who runs the server, on real data. */

import { expect, test } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { withDatabase } from "../checker.ts";
import { connectRaw, eventually } from "../client.ts";
import { runConfab } from "../command.ts";
import { startNode } from "../harness.ts";
import { temporaryFolder } from "../temporary.ts";
import { jwtSecret } from "../tokens.ts";

const env = { CONFAB_JWT_SECRET: jwtSecret };

test("confab token signs a user in, with a name and rooms", async () => {
  const settings = { ...env, CONFAB_JWT_AUDIENCE: "chat", CONFAB_JWT_ISSUER: "host" };
  await using node = await startNode({ env: settings });
  const token = await runConfab(["token", "--user", "ada", "--name", "Ada L.", "--ttl", "5m"], settings);
  expect(token).toMatchObject({ code: 0, complaint: "" });
  await using client = await connectRaw(node, { token: token.output.trim() });
  expect(client.connected?.data.user.name).toBe("Ada L.");
  expect(client.connected?.ttl).toBeGreaterThan(290);
  expect(client.connected?.ttl).toBeLessThanOrEqual(300);
  const room = await client.rpc<{ id: string }>("room.create", { kind: "private", name: "Ada's" });
  const guest = await runConfab(["token", "--user", "bob", "--channels", room.id], settings);
  await using other = await connectRaw(node, { token: guest.output.trim() });
  expect(Object.keys(other.connected?.subs ?? {})).toContain(room.id);
});

test("words that are wrong get one clear sentence and the exit code 2", async () => {
  const wrong: readonly (readonly [args: string[], sentence: string])[] = [
    [["token"], "Name the user with --user"],
    [["token", "--user", "ada", "--ttl", "soon"], "expected a number and s, m, h or d"],
    [["token", "--usr", "ada"], "Did you mean --user?"],
    [["backup"], "Name a folder with --to"],
    [["restore"], "Name its folder with --from"],
    [["verfy"], "Did you mean verify?"],
    [["serve", "--backup-every-minutes", "5"], "set backup_folder"],
  ];
  for (const [args, sentence] of wrong) {
    const { code, complaint } = await runConfab(args, env);
    expect({ args, code }).toEqual({ args, code: 2 });
    expect(complaint).toContain(sentence);
  }
  const unsigned = await runConfab(["token", "--user", "ada"]);
  expect(unsigned).toMatchObject({ code: 2 });
  expect(unsigned.complaint).toContain("set CONFAB_JWT_SECRET");
});

test("every command tells what it does, with examples", async () => {
  for (const command of [
    "serve",
    "config",
    "doctor",
    "token",
    "user",
    "room",
    "invite",
    "backup",
    "restore",
    "verify",
    "version",
  ]) {
    const { code, output } = await runConfab([command, "--help"]);
    expect(code).toBe(0);
    expect(output).toContain(`confab ${command}: `);
    expect(output).toMatch(/Examples:\n {2}\S/);
  }
});

test("confab verify finds holes, marks and damage, on a served database and on a stopped one", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node);
  await client.subscribe("open:checked");
  for (let at = 0; at < 5; at++) await client.request("publish", { channel: "open:checked", data: { text: "x" } });
  const served = await runConfab(["verify", "--data", node.data]);
  expect(served).toMatchObject({ code: 0, complaint: "" });
  expect(served.output).toContain("(served now)");
  expect(await node.stop()).toBe(0);
  expect(await runConfab(["verify", "--data", node.data])).toMatchObject({ code: 0, complaint: "" });

  const statements = [
    "DELETE FROM messages WHERE seq = 3 AND room = (SELECT n FROM rooms WHERE id = 'open:checked')",
    "UPDATE messages SET sent_at = 1 WHERE seq = 5 AND room = (SELECT n FROM rooms WHERE id = 'open:checked')",
    "DELETE FROM commits WHERE first_seq = 2 AND room = (SELECT n FROM rooms WHERE id = 'open:checked')",
    "UPDATE members SET read_seq = 1000000",
  ];
  await withDatabase(node.data, (database) => database.batch(statements, "write"));
  const { code, output } = await runConfab(["verify", "--data", node.data]);
  expect(code).toBe(1);
  expect(output).toContain("room open:checked: 4 events from 1 to 5");
  for (const check of [
    "the events of a room are numbered without holes",
    "no event is earlier than the one before it",
    "the commits of a room follow each other",
    "marks lie inside of their room",
  ]) {
    expect(output).toContain(`wrong: ${check}`);
  }
  const nothing = await runConfab(["verify", "--data", `${node.data}-missing`]);
  expect(nothing.complaint).toContain("There is no database in");
});

test("confab doctor finds what is wrong and says what to do", async () => {
  await using node = await startNode({ args: ["--open"] });
  const well = await runConfab(["doctor", "--open", "--data", node.data]);
  expect(well).toMatchObject({ code: 0, complaint: "" });
  expect(well.output).toContain("journal_mode=wal synchronous=FULL");
  expect(well.output).toMatch(/a write reaches the disk in \d/);
  expect(well.output).toContain(`the server listens on ${node.url}`);
  const port = new URL(node.url).port;
  using folder = temporaryFolder();
  const ill = await runConfab(
    [
      "doctor",
      "--data",
      folder.path,
      "--port",
      port,
      "--connections-max",
      "900000",
      "--public-url",
      "http://a.example",
    ],
    env,
  );
  expect(ill.code).toBe(1);
  for (const words of [
    "EADDRINUSE",
    "raise it",
    "jwt_audience is not set",
    "set trusted_proxies",
    "serve it by https",
    "the server makes no backups",
  ]) {
    expect(ill.output).toContain(words);
  }
  expect(readdirSync(folder.path)).toEqual([]);
});

test("a server that was killed leaves no socket file that a tool would wait for", async () => {
  using folder = temporaryFolder();
  await using node = await startNode({ args: ["--open"] });
  await node.kill();
  expect(readdirSync(node.data)).toContain("admin.sock");
  const backup = await runConfab(["backup", "--data", node.data, "--to", folder.path]);
  expect(backup).toMatchObject({ code: 0, complaint: "" });
  expect(readdirSync(folder.path)).toHaveLength(1);
});

test("the server backs up by itself where it is told to, and keeps as many as it is told", async () => {
  using folder = temporaryFolder();
  const old = ["confab-20200101T000000000Z", "confab-20200102T000000000Z"];
  for (const name of old) {
    mkdirSync(join(folder.path, name));
    await Bun.write(join(folder.path, name, "manifest.json"), "{}");
  }
  await Bun.write(join(folder.path, "somebody-elses.txt"), "stays");
  const timer = ["--backup-folder", folder.path, "--backup-every-minutes", "1", "--backup-keep", "2"];
  await using node = await startNode({ args: ["--open", ...timer] });
  await eventually(() => node.logs.some(({ event }) => event === "backups_dropped"), "a backup", 40_000);
  const left = readdirSync(folder.path).sort();
  expect(left).toHaveLength(3);
  expect(left).not.toContain(old[0] ?? "");
  expect(left).toContain("somebody-elses.txt");
  const newest = left.filter((name) => name.startsWith("confab-")).at(-1) ?? "";
  expect(await runConfab(["verify", "--backup", join(folder.path, newest)])).toMatchObject({ code: 0 });
});
