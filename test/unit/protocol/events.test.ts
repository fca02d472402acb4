import { describe, expect, test } from "bun:test";
import { publicationText, publicationUser, publicationUsers, type Event } from "../../../src/protocol/events.ts";

function publication(sender: string, given: Partial<Event> = {}): string {
  return publicationText({
    seq: 7,
    kind: "message",
    id: "an id",
    sender,
    time: 1_800_000_000_000,
    data: "{}",
    ...given,
  });
}

describe("the senders of publications", () => {
  test("are each named once, in the order in which they came first", () => {
    const texts = ["anna", "anna", "ann", "anna", "bo", "bo", "ann"].map((sender) => publication(sender));
    expect([...publicationUsers(texts)]).toEqual(["anna", "ann", "bo"]);
    expect([...publicationUsers([])]).toEqual([]);
  });

  test("are read from behind what they said and did", () => {
    const data = '{"info":{"user":"bo"},"tags":{"id":""}}';
    const texts = [publication("anna", { data }), publication("ann", { data, kind: "joined" })];
    expect(texts.map((text) => publicationUser(text))).toEqual(["anna", "ann"]);
    expect([...publicationUsers(texts)]).toEqual(["anna", "ann"]);
  });
});
