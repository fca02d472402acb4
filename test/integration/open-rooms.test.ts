/** How many open rooms strangers may make. */

import { expect, test } from "bun:test";
import { connectRaw } from "../client.ts";
import { startNode } from "../harness.ts";
import { connectPlain, refusedStatus } from "../plain-client.ts";
import { enterRude, frame, opcodes } from "../rude-socket.ts";

test("an address makes so many rooms; one that vanished again without a message does not count", async () => {
  await using node = await startNode({ args: ["--open", "--open-rooms-per-address-max", "2"] });
  for (let n = 0; n < 5; n++) {
    await using visitor = await connectRaw(node);
    await visitor.subscribe("open:empty");
    await visitor.request("unsubscribe", { channel: "open:empty" });
  }
  await using first = await connectPlain(`${node.url}/?room=first`);
  first.say("this one stays");
  await first.hear(1);
  await using _second = await connectPlain(`${node.url}/?room=second`);
  expect(await refusedStatus(`${node.url}/?room=third`)).toBe(429);
  await using other = await connectRaw(node);
  expect(await other.refusal("subscribe", { channel: "open:third" })).toMatchObject({ code: 106 });
  // What is there already anybody may enter.
  await other.subscribe("open:second");
});

test("who says the first words of a room and hangs up at once has said them", async () => {
  await using node = await startNode({ args: ["--open"] });
  for (let n = 0; n < 10; n++) {
    using brief = await enterRude(node, `open:brief-${n}`);
    const words = frame(opcodes.text, `{"id":9,"publish":{"channel":"open:brief-${n}","data":{"text":"hi"}}}`);
    // In one piece: the server reads the goodbye before it has stored the words.
    brief.write(Buffer.concat([words, frame(opcodes.close, Uint8Array.of(3, 232))]));
    await brief.closed;
  }
  await using reader = await connectRaw(node);
  for (let n = 0; n < 10; n++) {
    await reader.subscribe(`open:brief-${n}`, { recover: true, offset: 0 });
    await reader.untilSeq(`open:brief-${n}`, 1);
  }
});
