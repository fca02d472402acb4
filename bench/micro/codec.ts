/** The codec alone: `bun bench/micro/codec.ts`. */

import { sendCommand } from "../../src/cli/load/confab-target.ts";
import { decodeLine } from "../../src/protocol/commands.ts";
import { publicationText } from "../../src/protocol/events.ts";
import { aroundPublication, joinLines, reply } from "../../src/protocol/frames.ts";
import { compact, memberText, writingOf } from "../../src/protocol/json.ts";
import { measurePieces } from "./measure.ts";

const room = "r".repeat(20);
const line = sendCommand(room, 128);
const data = `{"text":"${"x".repeat(117)}"}`;
const spaced = JSON.stringify(JSON.parse(line), undefined, 1).replaceAll("\n", " ");
const id = "018b0000-0000-7000-8000-000000000000";
const event = { seq: 123_456, kind: "message", id, sender: room, time: 1_700_000_000_000, data } as const;
const text = publicationText(event);
const around = aroundPublication(room);
const texts = Array.from({ length: 200 }, () => text);

await measurePieces("codec, one message of 128 bytes", [
  { name: "decodeLine of a message.send", count: 1, run: () => decodeLine(line) },
  { name: "JSON.parse of the same line", count: 1, run: () => JSON.parse(line) as unknown },
  { name: "writingOf", count: 1, run: () => writingOf(line, 32) },
  { name: "memberText", count: 1, run: () => memberText(line, "rpc") },
  { name: "compact, nothing to take out", count: 1, run: () => compact(line) },
  { name: "compact, spaces between all tokens", count: 1, run: () => compact(spaced) },
  { name: "publicationText", count: 1, run: () => publicationText(event) },
  {
    name: "reply to a send",
    count: 1,
    run: () => reply(7, "rpc", `{"data":{"seq":123456,"id":"${id}","time":1700000000000}}`),
  },
  { name: "joinLines of 200 pushes, for one", count: 200, run: () => joinLines(texts, 65_536, around) },
]);
