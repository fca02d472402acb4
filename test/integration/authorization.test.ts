/**
 * The authorization matrix, made from the table of operations: every operation and every command that touches a room, over
 * every door, for every kind of caller in every kind of room. (T13)
 */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { createOperations, type OperationsOptions } from "../../src/chat/operations.ts";
import { operationShapes, type OperationName } from "../../src/protocol/operations.ts";
import { withDatabase } from "../checker.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { jwtSecret, signed } from "../tokens.ts";
import { unlimited } from "../writing.ts";
import { Askers, doors, type Answer, type Asking, type Door } from "./authorization-askers.ts";
import { callers, gather, keysOf, outsiders, type CallerKind, type Cast } from "./authorization-callers.ts";
import { acts, isNowhere, reads, writes, type Expected, type Told } from "./authorization-rights.ts";
import { addVictims, rooms, Scenes, type RoomKind, type Scene } from "./authorization-scenes.ts";
import { table } from "./authorization-table.ts";

type SceneOf = (caller: CallerKind) => Scene;

/** What a command needs, as an operation's row says it. */
const commands: Readonly<Record<string, { scope: "read" | "write"; told: Told; body: (room: string) => object }>> = {
  publish: { scope: "write", told: writes, body: (channel) => ({ channel, data: { text: "hi" } }) },
  subscribe: {
    scope: "read",
    // What a token grants the connection has already.
    told: (caller, room) => (caller === "grant" && !isNowhere(room) ? "already_subscribed" : reads(caller, room)),
    body: (channel) => ({ channel, recover: true, offset: 0 }),
  },
  history: { scope: "read", told: reads, body: (channel) => ({ channel, limit: 10 }) },
  presence: { scope: "read", told: reads, body: (channel) => ({ channel }) },
  presence_stats: { scope: "read", told: reads, body: (channel) => ({ channel }) },
};

const names = Object.keys(operationShapes) as OperationName[];
/** Whatever is asked of it is itself: the table's rights need none of its parts. */
const anything: unknown = new Proxy(() => anything, { get: () => anything, apply: () => anything });
const operations = createOperations(anything as OperationsOptions);

/** Nobody is told here that it was too much. Each question comes from an address of its own. */
const withoutLimits = Object.entries({
  "--connections-per-user-max": "0",
  "--trusted-proxies": "127.0.0.1",
}).flat();

const scenes = new Map<string, (caller: CallerKind) => SceneOf>();
let node: ChatNode;
let cast: Cast;
let askers: Askers;

beforeAll(async () => {
  node = await startNode({
    args: ["--open", "--sign-up", "open", ...unlimited, ...withoutLimits],
    env: { CONFAB_JWT_SECRET: jwtSecret },
  });
  const gathered = await gather(node);
  await node.stop();
  await withDatabase(node.data, async (client) => {
    cast = { ...gathered, n: await keysOf(client, gathered.ids) };
    const made = new Scenes(cast, await addVictims(client));
    for (const what of [...names, ...Object.keys(commands)]) {
      const row = Object.hasOwn(table, what) ? table[what as OperationName] : undefined;
      const kinds: readonly RoomKind[] = row?.room === false ? ["absent"] : rooms;
      for (const door of doors) {
        for (const kind of kinds)
          scenes.set(`${what} ${door} ${kind}`, row?.alone === true ? alone(made, kind) : shared(made, kind));
      }
    }
    await made.store(client);
  });
  await node.restart();
  askers = new Askers(node, cast);
}, 120_000);

afterAll(async () => {
  await askers.close();
  await node[Symbol.asyncDispose]();
});

function shared(made: Scenes, kind: RoomKind): (caller: CallerKind) => SceneOf {
  const of = made.add(kind);
  return () => of;
}

function alone(made: Scenes, kind: RoomKind): (caller: CallerKind) => SceneOf {
  const each = new Map(callers.map((caller) => [caller, made.add(kind)]));
  return (caller) => each.get(caller) as SceneOf;
}

/** What somebody is told before it comes to the room: who they are, and what they may call at all. */
function gate(caller: CallerKind, rights: { who: string; scope: string }): Expected | undefined {
  if (caller === "expired") return "token_expired";
  if (caller === "disabled_host") return "permission_denied";
  if ((outsiders as readonly string[]).includes(caller)) return "unauthorized";
  const { who, scope } = rights;
  const denied =
    (who === "account" && caller === "guest") ||
    (who === "administrator" && !acts(caller)) ||
    (who === "owner" && caller !== "server_owner") ||
    (caller.startsWith("key_") && caller !== `key_${scope}`);
  return denied ? "permission_denied" : undefined;
}

interface Question {
  readonly what: string;
  readonly rights: { readonly who: string; readonly scope: string };
  readonly kinds: readonly RoomKind[];
  readonly doors: readonly Door[];
  readonly told: Told;
  readonly asking: (scene: Scene) => Asking;
}

let asked = 0;
let allowed = 0;

/** Asks for everybody, and tells what was not as the table says. */
async function wrongs(question: Question): Promise<string[]> {
  const { what, rights, kinds, told, asking } = question;
  const wrong: string[] = [];
  for (const door of question.doors) {
    for (const caller of callers) {
      // What the caller is told of a room that is not there: of a hidden one it must be the same, to the letter.
      let nowhere: Answer | undefined;
      for (const kind of [...kinds].reverse()) {
        const scene = scenes.get(`${what} ${door} ${kind}`)?.(caller)(caller) as Scene;
        const token = caller === "grant" ? await signed({ sub: "grant", channels: [scene.room] }) : undefined;
        const answer = await askers.ask({ door, caller, token }, asking(scene));
        if (answer === undefined) continue;
        asked++;
        const expected = gate(caller, rights) ?? told(caller, kind);
        const place = `${what} by ${caller} over ${door} in ${kind}`;
        if (answer.code !== expected) wrong.push(`${place}: expected ${expected}, got ${answer.code} ${answer.words}`);
        if (answer.code === "ok" && expected !== "ok") allowed++;
        if (kind === "absent") nowhere = answer;
        if (answer.code === nowhere?.code && answer.words !== nowhere.words)
          wrong.push(`${place}: ${answer.words} is not ${nowhere.words}`);
      }
    }
  }
  return wrong;
}

test("every operation has a row, and every row an operation", () => {
  expect(Object.keys(table).sort()).toEqual([...names].sort());
});

for (const name of names) {
  test(`${name} tells everybody what the table says`, async () => {
    const row = table[name];
    const { who, scope } = operations[name];
    const found = await wrongs({
      what: name,
      rights: { who, scope },
      kinds: row.room ? rooms : ["absent"],
      doors,
      told: row.told,
      asking: (scene) => ({ operation: name, input: row.input(scene.room, scene), ends: row.ends === true }),
    });
    expect(found).toEqual([]);
  }, 120_000);
}

for (const [command, { body, scope, told }] of Object.entries(commands)) {
  test(`the command ${command} tells everybody what the table says`, async () => {
    const found = await wrongs({
      what: command,
      rights: { who: "person", scope },
      kinds: rooms,
      doors: ["socket", "socket_cookie"],
      told,
      asking: (scene) => ({ command, body: body(scene.room) }),
    });
    expect(found).toEqual([]);
  }, 120_000);
}

test("a figure", () => {
  console.log(`figure: authorization matrix ${asked} cells over ${doors.length} doors, ${allowed} wrongly allowed`);
  expect(allowed).toBe(0);
  expect(asked).toBeGreaterThan(15_000);
});
