import { expect, test } from "bun:test";
import { Attempts } from "../../../src/gateway/attempts.ts";
import { TooMany } from "../../../src/gateway/rates.ts";
import { systemClock, type Clock } from "../../../src/lib/clock.ts";

function clockAt(start_ms: number): Clock & { now_ms: number } {
  return {
    ...systemClock,
    now_ms: start_ms,
    monotonic() {
      return this.now_ms;
    },
  };
}

function refused(run: () => void): number | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof TooMany) return error.retry_ms;
    throw error;
  }
}

test("wrong attempts at an account run out, right ones do not count, and time brings them back", () => {
  const clock = clockAt(1_000);
  const attempts = new Attempts({ clock, per_address_max: 0, per_account_max: 2 });
  for (let at = 0; at < 10; at++) {
    attempts.tries("ada");
    attempts.succeeded("ada");
  }
  attempts.tries("ada");
  attempts.tries("ada");
  const retry_ms = refused(() => attempts.tries("ada")) ?? 0;
  expect(Math.abs(retry_ms - 1_800_000)).toBeLessThan(10);
  expect(refused(() => attempts.tries("bob"))).toBeUndefined();
  clock.now_ms += retry_ms;
  expect(refused(() => attempts.tries("ada"))).toBeUndefined();
});

test("attempts from an address run out together, and IPv6 addresses of one network are one", () => {
  const attempts = new Attempts({ clock: clockAt(1_000), per_address_max: 2, per_account_max: 0 });
  attempts.begin("2001:db8::1");
  attempts.begin("2001:db8::2");
  expect(refused(() => attempts.begin("2001:db8::3"))).toBeGreaterThan(0);
  expect(refused(() => attempts.begin("2001:db8:0:1::1"))).toBeUndefined();
});
