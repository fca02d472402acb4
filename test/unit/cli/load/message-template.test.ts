import { expect, test } from "bun:test";
import { sendCommand } from "../../../../src/cli/load/confab-target.ts";
import {
  bodyText,
  first_number,
  IdSource,
  MessageTemplate,
  readStamp,
} from "../../../../src/cli/load/message-template.ts";
import { isUuid } from "../../../../src/lib/ids.ts";
import { decodeLine } from "../../../../src/protocol/commands.ts";

const room = "r".repeat(20);

/** The texts in frames of a client, whose key of zeros leaves them as they are. */
function linesOf(frames: Buffer): string[] {
  const lines: string[] = [];
  const header = 8;
  for (let at = 0; at < frames.length;) {
    const end = at + header + frames.readUInt16BE(at + 2);
    lines.push(frames.toString("utf8", at + header, end));
    at = end;
  }
  return lines;
}

test("a message is a command that the server takes, with a body of the length that was asked for", () => {
  const template = new MessageTemplate(sendCommand(room, 128));
  const frames = template.frames(3, new IdSource(), { wall_ms: 1_700_000_000_000, monotonic_ms: 1234.5 });
  const commands = linesOf(frames).map((line) => decodeLine(line));
  expect(commands.map((line) => line.kind)).toEqual(["command", "command", "command"]);
  const ids = commands.flatMap((line) => (line.kind === "command" ? [line.command.id] : []));
  expect(ids).toEqual([first_number, first_number + 1, first_number + 2]);
  expect(Buffer.byteLength(bodyText(128))).toBe(128);
});

test("ids are UUIDs of version 7 that rise, even within a millisecond and when the clock steps back", () => {
  const source = new IdSource();
  const bytes = Buffer.alloc(36, "-");
  bytes.write("22222222-2222-7222-8222-222222222222");
  const ids: string[] = [];
  for (const now_ms of [1_700_000_000_000, 1_700_000_000_000, 1_699_999_999_999, 1_700_000_000_001]) {
    source.write(bytes, 0, now_ms);
    ids.push(bytes.toString());
  }
  expect(ids.every(isUuid)).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(ids);
});

test("the time of sending is read back to the microsecond", () => {
  const template = new MessageTemplate(bodyText(64));
  const frames = template.frames(1, new IdSource(), { wall_ms: 0, monotonic_ms: 98_765.432 });
  const marker = '"text":"';
  expect(readStamp(frames, frames.indexOf(marker) + marker.length)).toBe(98_765_432);
});
