import { expect, test } from "bun:test";
import { addressTest, isNetwork, plainAddress } from "../../../src/lib/networks.ts";

test("an address or a network is told from what only looks like one", () => {
  for (const text of ["127.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "fd00::/8", "::/0", "192.168.1.1/32"]) {
    expect(isNetwork(text)).toBe(true);
  }
  for (const text of [
    "",
    "localhost",
    "10.0.0.0/33",
    "10.0.0/8",
    "::/129",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "fe80::1%eth0",
    "1.2.3.4/08",
  ]) {
    expect(isNetwork(text)).toBe(false);
  }
});

test("an address is found in its network, and in no other", () => {
  const trusted = addressTest(["10.0.0.0/8", "192.168.1.7", "fd00::/8"]);
  for (const address of ["10.1.2.3", "192.168.1.7", "fd12::1", "::ffff:10.1.2.3", "::FFFF:192.168.1.7"]) {
    expect(trusted(address)).toBe(true);
  }
  for (const address of ["11.1.2.3", "192.168.1.8", "fe80::1", "::1", "::ffff:11.1.2.3", "", "nonsense"]) {
    expect(trusted(address)).toBe(false);
  }
});

test("no networks hold no address, and a mistake is not overlooked", () => {
  expect(addressTest([])("127.0.0.1")).toBe(false);
  expect(() => addressTest(["nonsense"])).toThrow('got "nonsense"');
});

test("one client is one address on every listener", () => {
  expect(plainAddress("::ffff:10.1.2.3")).toBe("10.1.2.3");
  expect(plainAddress("10.1.2.3")).toBe("10.1.2.3");
  expect(plainAddress("fd12::1")).toBe("fd12::1");
});
