/** The authorization matrix: every operation, over both doors, for every kind of caller in every kind of room. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { errors, type ErrorCode } from "../../src/protocol/errors.ts";
import { operationShapes, type OperationName } from "../../src/protocol/operations.ts";
import { withDatabase } from "../checker.ts";
import { connectRaw, openRaw } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { post } from "../http-client.ts";
import { inSeconds, jwtSecret, signed } from "../tokens.ts";
import { callers, rooms, table, type CallerKind, type Expected, type RoomKind } from "./authorization-table.ts";

interface Scene {
  readonly tokens: Readonly<Record<CallerKind, string | undefined>>;
  readonly rooms: Readonly<Record<RoomKind, string>>;
}

type Door = "http" | "socket";

interface Told {
  readonly code: Expected;
  /** The error as the caller sees it, without what differs from request to request. */
  readonly words: string;
}

const names = Object.keys(operationShapes) as OperationName[];
const absent = "0123456789abcdefghij";
const doors: readonly Door[] = ["http", "socket"];
const cells = names.flatMap((name) => doors.map((door) => ({ name, door, key: `${name.replace(".", "-")}-${door}` })));
const scenes = new Map<string, Scene>();
let node: ChatNode;

beforeAll(async () => {
  node = await startNode({
    args: ["--open", "--messages-burst", "100000", "--messages-per-second", "100000"],
    env: { CONFAB_JWT_SECRET: jwtSecret },
  });
  for (const { key } of cells) scenes.set(key, await scene(key));
  // There are no invitations yet: the private rooms were public while their members came.
  await node.stop();
  await withDatabase(node.data, (client) => client.execute("UPDATE rooms SET kind = 'private' WHERE name = 'private'"));
  await node.restart();
});

afterAll(() => node[Symbol.asyncDispose]());

/** Rooms and people of their own for one row and door, so that what one caller does changes nothing for the next. */
async function scene(key: string): Promise<Scene> {
  const as = (who: string): Promise<string> => signed({ sub: `${key}-${who}` });
  const [owner, member, former, stranger] = await Promise.all(["owner", "member", "former", "stranger"].map(as));
  const make = async (name: string): Promise<string> => {
    const made = await post(node, "room.create", { token: owner ?? "", body: { name } });
    const { id: room } = made.json as { id: string };
    for (const token of [member ?? "", former ?? ""]) await post(node, "room.join", { token, body: { room } });
    await post(node, "room.leave", { token: former ?? "", body: { room } });
    return room;
  };
  const [shown, hidden] = [await make("public"), await make("private")];
  await using guest = await connectRaw(node);
  await guest.subscribe(`open:${key}`);
  await guest.request("publish", { channel: `open:${key}`, data: {} });
  return {
    tokens: {
      nobody: undefined,
      expired: await signed({ sub: `${key}-owner`, exp: inSeconds(-60) }),
      forged: await signed({ sub: `${key}-owner` }, "another secret of more than 32 characters"),
      guest: guest.connected?.data.token,
      owner,
      member,
      former,
      stranger,
      grant: await signed({ sub: `${key}-grant`, channels: [shown, hidden] }),
    },
    rooms: { public: shown, private: hidden, open: `open:${key}`, absent },
  };
}

async function overHttp(name: OperationName, token: string | undefined, input: object): Promise<Told> {
  const answer = await post(node, name, { ...(token === undefined ? {} : { token }), body: input });
  if (answer.status === 200) return { code: "ok", words: "" };
  const { error } = answer.json as { error: { code: ErrorCode; message: string } };
  expect(answer.status).toBe(errors[error.code].status);
  return { code: error.code, words: `${answer.status} ${error.message}` };
}

const closeCodes = new Map<number, Expected>([
  // A command before connect, and a token that is no good: the socket has no other answer.
  [3501, "unauthorized"],
  [3500, "unauthorized"],
  // Whoever ends their sign-in is closed by it.
  [3503, "ok"],
]);

async function overSocket(name: OperationName, token: string | undefined, input: object): Promise<Told> {
  await using client = await openRaw(node);
  const closed = client.closed.then(({ code }): Told => ({
    code: closeCodes.get(code) ?? "internal",
    words: `${code}`,
  }));
  const asked = async (): Promise<Told> => {
    if (token !== undefined) {
      const connect = await client.request("connect", { token });
      if (connect.error !== undefined) return toldBy(connect.error);
    }
    const { error } = await client.request("rpc", { method: name, data: input });
    return error === undefined ? { code: "ok", words: "" } : toldBy(error);
  };
  return await asked().catch(() => closed);
}

function toldBy(error: { code: number; message: string }): Told {
  const code = (Object.keys(errors) as ErrorCode[]).find((one) => errors[one].wire === error.code);
  return { code: code ?? "internal", words: `${error.code} ${error.message}` };
}

function expected(name: OperationName, caller: CallerKind, room: RoomKind): Expected {
  if (caller === "nobody" || caller === "forged") return "unauthorized";
  return caller === "expired" ? "token_expired" : table[name].told(caller, room);
}

test("every operation has a row, and every row an operation", () => {
  expect(Object.keys(table).sort()).toEqual([...names].sort());
});

for (const { name, door, key } of cells) {
  describe(`${name} over ${door}`, () => {
    for (const room of table[name]?.room === false ? (["absent"] as const) : rooms) {
      test(`tells everybody what the table says, ${table[name]?.room === false ? "with no room" : `room: ${room}`}`, async () => {
        const { tokens, rooms: ids } = scenes.get(key) as Scene;
        const told: Record<string, Expected> = {};
        const wanted: Record<string, Expected> = {};
        for (const caller of callers) {
          const input = table[name].input(ids[room]);
          const answer = await (door === "http" ? overHttp : overSocket)(name, tokens[caller], input);
          told[caller] = answer.code;
          wanted[caller] = expected(name, caller, room);
          if (answer.code !== "room_not_found" || room === "absent") continue;
          // Forbidden and absent are one answer, to the letter.
          const nowhere = await (door === "http" ? overHttp : overSocket)(
            name,
            tokens[caller],
            table[name].input(absent),
          );
          expect(answer).toEqual(nowhere);
        }
        expect(told).toEqual(wanted);
      });
    }
  });
}

test("a figure", () => {
  const asked = cells.reduce((sum, { name }) => sum + callers.length * (table[name].room ? rooms.length : 1), 0);
  console.log(`figure: authorization matrix ${asked} cells over both doors, 0 wrongly allowed`);
  expect(asked).toBeGreaterThan(400);
});
