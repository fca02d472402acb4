import { expect, test } from "bun:test";
import { readLetter, writeLetter, type Letter } from "../../../src/chat/node-letters.ts";

const from = { run: "abcdefghij0123456789", n: 7 };

const letters: readonly Letter[] = [
  { kind: "events", first: 41, texts: ['{"offset":41,"data":"ü\\n"}', "", '{"offset":43}'] },
  { kind: "events", first: 1, texts: [""] },
  {
    kind: "presence",
    announcement: {
      k: 3,
      whole: false,
      came: [
        { user: "u", client: "c", connInfo: '{"name":"x"}' },
        { user: "v", client: "d", connInfo: undefined },
      ],
      went: ["e"],
    },
  },
  {
    kind: "presence",
    announcement: { k: 1, whole: true, came: [], went: [], counts: { clients: 900, users: 700 } },
  },
  { kind: "passing", texts: ['{"type":"typing","users":["u"]}', '{"type":"status"}'] },
  { kind: "lines", lines: [["u", "room", 7]] },
  { kind: "lines", lines: [] },
  { kind: "ask" },
  { kind: "look" },
  { kind: "alive" },
  { kind: "bye" },
];

test("every letter is read as it was written", () => {
  for (const letter of letters) expect(readLetter(writeLetter(from, letter))).toEqual({ ...from, letter });
});

test("what no node of this kind has written is not read", () => {
  const strange = [
    "",
    "hello",
    "events",
    "events x",
    "later abc 1\nnews",
    "presence abc 1\n{",
    'presence abc 1\n{"k":"x"}',
    "lines abc 0",
    'lines abc 0\n[["u","r"]]',
  ];
  for (const text of strange) expect(readLetter(text)).toBeUndefined();
});
