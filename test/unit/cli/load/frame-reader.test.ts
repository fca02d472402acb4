import { expect, test } from "bun:test";
import { clientFrame, FrameReader, opcodes } from "../../../../src/cli/load/frame-reader.ts";

/** A frame as servers send it: not masked. */
function serverFrame(text: string): Buffer {
  const masked = clientFrame(text);
  const header = masked.length - Buffer.byteLength(text) - 4;
  const frame = Buffer.concat([masked.subarray(0, header), masked.subarray(header + 4)]);
  frame[1] = (frame[1] as number) & 127;
  return frame;
}

const texts = ["", "a", "b".repeat(125), "c".repeat(126), "d".repeat(65_535), "e".repeat(65_536), "{}"];
const stream = Buffer.concat(texts.map(serverFrame));

for (const size of [1, 2, 3, 7, 64, 1_000, 65_536, stream.length]) {
  test(`frames are whole again however they were cut, here every ${size} bytes`, () => {
    const found: string[] = [];
    const reader = new FrameReader((bytes, { start, end, opcode }) => {
      expect(opcode).toBe(opcodes.text);
      found.push(bytes.toString("utf8", start, end));
    });
    for (let at = 0; at < stream.length; at += size) reader.push(stream.subarray(at, at + size));
    expect(found).toEqual(texts);
  });

  test(`a reader that skims counts each frame once, here cut every ${size} bytes`, () => {
    let count = 0;
    const reader = new FrameReader(() => count++);
    reader.skims = true;
    for (let at = 0; at < stream.length; at += size) reader.push(stream.subarray(at, at + size));
    expect(count).toBe(texts.length);
  });
}
