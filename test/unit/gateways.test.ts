import { describe, expect, test } from "bun:test";
import { readConfig } from "../../src/config.ts";
import { Gateways, type Opening } from "../../src/gateways.ts";
import { systemClock, type Clock } from "../../src/lib/clock.ts";
import { Metrics } from "../../src/lib/metrics.ts";
import { ManualClock } from "./lib/manual-clock.ts";

const { config, secrets } = readConfig({ flags: {}, env: {}, readFile: () => "" });

function gatewaysOn(clock: Clock, version: string): Gateways {
  const opening: Opening = {
    config,
    secrets,
    version,
    log: { level: "error", format: "json" },
    tls: undefined,
    page: [],
    ports: [],
    epoch: "",
    durability: "",
  };
  return new Gateways({
    clock,
    count: 2,
    opening,
    metrics: new Metrics(),
    threads: undefined,
    journal: () => () => {},
    broker: () => () => {},
    write: () => {},
    file: new URL("./dying-gateway.ts", import.meta.url).href,
  });
}

describe("a gateway thread that is lost", () => {
  test("fails the start where it never listened", async () => {
    const gateways = gatewaysOn(systemClock, "dies at once");
    expect(gateways.start()).rejects.toThrow("told to die");
  });

  test("ends the process later on, by an error that nobody catches", async () => {
    const thrown = Promise.withResolvers<unknown>();
    const soon = (run: () => void): void => {
      try {
        run();
      } catch (error) {
        thrown.resolve(error);
      }
    };
    const gateways = gatewaysOn({ ...systemClock, soon }, "dies later");
    await gateways.start();
    gateways.alarm();
    expect(String(await thrown.promise)).toContain("told to die");
  });

  test("is noticed where it hangs, too", async () => {
    const clock = new ManualClock();
    const gateways = gatewaysOn(clock, "dies never");
    await gateways.start();
    expect(() => clock.pass(32_000)).toThrow("no answer for");
  });
});
