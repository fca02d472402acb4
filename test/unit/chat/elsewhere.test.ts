import { describe, expect, test } from "bun:test";
import { Elsewhere, type Announcement, type PresentConnection } from "../../../src/chat/elsewhere.ts";

const one = (user: string, client = user): PresentConnection => ({ user, client, connInfo: undefined });
const change = (k: number, came: readonly PresentConnection[], went: readonly string[] = []): Announcement => ({
  k,
  whole: false,
  came,
  went,
});
const whole = (k: number, came: readonly PresentConnection[]): Announcement => ({ k, whole: true, came, went: [] });
const users = (list: readonly PresentConnection[]): string[] => list.map(({ user }) => user).sort();

describe("what other nodes announce", () => {
  test("tells who came and who went, a person once however many connections there are", () => {
    const elsewhere = new Elsewhere();
    expect(users(elsewhere.heard("a", whole(1, [one("u", "u1"), one("v")])).came)).toEqual(["u", "v"]);
    expect(elsewhere.heard("b", whole(1, [one("u", "u2")]))).toEqual({ came: [], went: [], gap: false });
    expect(elsewhere.heard("a", change(2, [], ["u1"]))).toEqual({ came: [], went: [], gap: false });
    expect(users(elsewhere.heard("b", change(2, [one("w")], ["u2"])).went)).toEqual(["u"]);
    expect([...elsewhere.users()].sort()).toEqual(["v", "w"]);
  });

  test("a change of connection within one announcement is no news", () => {
    const elsewhere = new Elsewhere();
    elsewhere.heard("a", whole(1, [one("u", "u1")]));
    expect(elsewhere.heard("a", change(2, [one("u", "u2")], ["u1"]))).toEqual({ came: [], went: [], gap: false });
  });

  test("a lost announcement is noticed, and the whole puts it right", () => {
    const elsewhere = new Elsewhere();
    elsewhere.heard("a", whole(1, [one("u"), one("v")]));
    expect(elsewhere.heard("a", change(3, [one("w")])).gap).toBe(true);
    const { came, went, gap } = elsewhere.heard("a", whole(4, [one("w"), one("x")]));
    expect({ came: users(came), went: users(went), gap }).toEqual({ came: ["x"], went: ["u", "v"], gap: false });
    expect(elsewhere.heard("b", change(7, [one("y")])).gap).toBe(true);
  });

  test("what comes late, from a connection that broke, is passed over, also when nobody is left there", () => {
    const elsewhere = new Elsewhere();
    elsewhere.heard("a", whole(1, [one("u")]));
    elsewhere.heard("a", whole(3, [one("v")]));
    expect(elsewhere.heard("a", whole(2, [one("u")]))).toEqual({ came: [], went: [], gap: false });
    expect([...elsewhere.users()]).toEqual(["v"]);
    expect(users(elsewhere.heard("a", whole(4, [])).went)).toEqual(["v"]);
    expect(elsewhere.heard("a", whole(3, [one("v")])).came).toEqual([]);
    expect(users(elsewhere.heard("a", whole(900, [one("w")])).came)).toEqual(["w"]);
  });

  test("the people of a node that is gone are gone, but for those who are at another one", () => {
    const elsewhere = new Elsewhere();
    elsewhere.heard("a", whole(1, [one("u", "u1"), one("v")]));
    elsewhere.heard("b", whole(1, [one("u", "u2")]));
    expect(users(elsewhere.drop("a").went)).toEqual(["v"]);
    expect(elsewhere.counts).toEqual({ clients: 1, users: 0 });
    expect(elsewhere.drop("a").went).toEqual([]);
  });

  test("a node with too many people counts them, and lists them again when they are fewer", () => {
    const elsewhere = new Elsewhere();
    elsewhere.heard("a", whole(1, [one("u")]));
    const counted = { ...whole(2, []), counts: { clients: 900, users: 700 } };
    expect(users(elsewhere.heard("a", counted).went)).toEqual(["u"]);
    expect(elsewhere.isCounted).toBe(true);
    expect(elsewhere.counts).toEqual({ clients: 900, users: 700 });
    elsewhere.heard("a", whole(3, [one("u")]));
    expect(elsewhere.isCounted).toBe(false);
    expect(elsewhere.counts).toEqual({ clients: 1, users: 0 });
  });
});
