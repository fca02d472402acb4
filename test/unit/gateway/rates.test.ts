import { expect, test } from "bun:test";
import { Rates, spend, spendQuietly, TooMany, type Budget, type RatesOptions } from "../../../src/gateway/rates.ts";
import { operationLimits } from "../../../src/protocol/operation-limits.ts";
import { ManualClock } from "../lib/manual-clock.ts";

const clock = new ManualClock();
const usual: RatesOptions = {
  clock,
  messages_per_second: 10,
  messages_burst: 20,
  messages_per_second_per_address: 0,
  messages_per_second_per_connection: 0,
  reads_per_second: 50,
  reads_burst: 100,
  reads_per_second_per_address: 0,
  operations: operationLimits,
  guests_per_address_max: 0,
};
const address = "192.0.2.1";

/** How often it goes through at once. */
function granted(budget: Budget, cost = 1): number {
  let count = 0;
  try {
    for (; count < 10_000; count++) spendQuietly(budget, cost, clock.monotonic());
  } catch (error) {
    expect(error).toBeInstanceOf(TooMany);
  }
  return count;
}

function times(call: () => void): number {
  let count = 0;
  try {
    for (; count < 100_000; count++) call();
  } catch (error) {
    expect(error).toBeInstanceOf(TooMany);
  }
  return count;
}

test("a user has one budget for sending and another for reading, over all of their connections", () => {
  const rates = new Rates(usual);
  const [one, other] = [rates.of("a", address), rates.of("a", "192.0.2.2", true)];
  expect([granted(one.reading), granted(other.reading), granted(other.sending)]).toEqual([100, 0, 20]);
  expect(granted(rates.of("b", address).sending)).toBe(20);
  clock.pass(1_000);
  expect([granted(one.sending), granted(one.reading)]).toEqual([10, 50]);
});

test("a loop of connects runs out of reading, and never of sending", () => {
  const rates = new Rates(usual);
  expect(times(() => rates.entered("a"))).toBe(100);
  expect(granted(rates.of("a", address).sending)).toBe(20);
});

test("an address has as many times a user's burst as it has times a user's rate; this machine's has no limit on reading", () => {
  const rates = new Rates({ ...usual, messages_per_second_per_address: 30, reads_per_second_per_address: 100 });
  expect(times(() => rates.connects(address))).toBe(200);
  expect(times(() => rates.connects("2001:db8::1"))).toBe(200);
  expect(times(() => rates.connects("2001:db8::2"))).toBe(0);
  expect(times(() => rates.connects("127.0.0.1"))).toBe(100_000);
  const senders = ["a", "b", "c", "d"].map((user) => granted(rates.of(user, address).sending));
  expect(senders).toEqual([20, 20, 20, 0]);
});

test("a connection may have less than its user, and what one bucket refuses is taken from none", () => {
  const rates = new Rates({
    ...usual,
    messages_per_second: 40,
    messages_burst: 80,
    messages_per_second_per_connection: 10,
  });
  const [one, other] = [rates.of("a", address, true), rates.of("a", address, true)];
  expect([granted(one.sending), granted(other.sending)]).toEqual([20, 20]);
  // The user's own bucket holds what the connections did not take.
  expect(granted(rates.of("a", address).sending)).toBe(40);
});

test("who is refused over HTTP is told how long to wait, and not in vain", () => {
  const rates = new Rates({ ...usual, messages_per_second_per_connection: 1 });
  const { sending } = rates.of("a", address, true);
  granted(sending);
  let retry_ms = 0;
  try {
    spend(sending, 5, clock.monotonic());
  } catch (error) {
    retry_ms = (error as TooMany).retry_ms;
  }
  expect(retry_ms).toBe(5_000);
  clock.pass(retry_ms);
  spend(sending, 5, clock.monotonic());
});

test("dear operations have a number an hour for each person; administrators have none", () => {
  const rates = new Rates({ ...usual, operations: { ...operationLimits, "room.create": 3, "user.find": 0 } });
  const [member, other] = [
    { id: "a", role: "member" },
    { id: "b", role: "guest" },
  ] as const;
  expect(times(() => rates.called("room.create", member))).toBe(3);
  expect(times(() => rates.called("room.create", other))).toBe(3);
  expect(times(() => rates.called("room.create", { id: "c", role: "administrator" }))).toBe(100_000);
  expect(times(() => rates.called("user.find", member))).toBe(100_000);
  expect(times(() => rates.called("message.send", member))).toBe(100_000);
  clock.pass(20 * 60_000);
  expect(times(() => rates.called("room.create", member))).toBe(1);
});
