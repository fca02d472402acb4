import { describe, expect, test } from "bun:test";
import { clientAddress, isLoopback, limitKey } from "../../../src/gateway/address.ts";
import { addressTest } from "../../../src/lib/networks.ts";

const trusted = addressTest(["127.0.0.1", "10.0.0.0/8", "fd00::/8"]);

function from(peer: string, forwardedFor: string | null): string {
  return clientAddress({ peer, forwardedFor }, trusted);
}

describe("the client's address", () => {
  test("is the peer's where nobody forwards", () => {
    expect(from("192.0.2.1", null)).toBe("192.0.2.1");
    expect(from("::ffff:192.0.2.1", null)).toBe("192.0.2.1");
  });

  test("is the peer's where the peer is no proxy, whatever it claims", () => {
    expect(from("192.0.2.1", "198.51.100.7")).toBe("192.0.2.1");
  });

  test("is the first from the right that is no proxy", () => {
    expect(from("127.0.0.1", "198.51.100.7")).toBe("198.51.100.7");
    expect(from("127.0.0.1", "198.51.100.7, 10.1.2.3")).toBe("198.51.100.7");
    expect(from("fd00::1", "2001:db8::7,10.1.2.3")).toBe("2001:db8::7");
  });

  test("is not what the client put in front of it", () => {
    expect(from("127.0.0.1", "1.1.1.1, 198.51.100.7, 10.1.2.3")).toBe("198.51.100.7");
    expect(from("127.0.0.1", "127.0.0.1, 198.51.100.7")).toBe("198.51.100.7");
  });

  test("is read with a port behind it, as some proxies write it", () => {
    expect(from("127.0.0.1", "198.51.100.7:4711")).toBe("198.51.100.7");
    expect(from("127.0.0.1", "[2001:db8::7]:4711")).toBe("2001:db8::7");
  });

  test("is the last one known where the list is nonsense from there on", () => {
    for (const nonsense of ["", "unknown", "198.51.100.7 evil", "<script>", ",,,", "999.1.1.1"])
      expect(from("127.0.0.1", nonsense)).toBe("127.0.0.1");
    expect(from("127.0.0.1", "1.1.1.1, garbage, 10.1.2.3")).toBe("10.1.2.3");
    expect(from("127.0.0.1", "10.1.1.1,".repeat(10_000))).toBe("10.1.1.1");
  });
});

describe("what limits count as one address", () => {
  test("is an IPv4 address, and the first half of an IPv6 one", () => {
    expect(limitKey("192.0.2.1")).toBe("192.0.2.1");
    expect(limitKey("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
    expect(limitKey("2001:DB8:1:2::9")).toBe("2001:db8:1:2::/64");
    expect(limitKey("2001:db8::9")).toBe("2001:db8:0:0::/64");
    expect(limitKey("2001:0db8::0001")).toBe("2001:db8:0:0::/64");
    expect(limitKey("::1")).toBe("0:0:0:0::/64");
    expect(limitKey("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
  });

  test("this machine's own addresses are known", () => {
    expect(["::1", "127.0.0.1", "127.9.9.9"].every(isLoopback)).toBe(true);
    expect(["128.0.0.1", "::2", "10.0.0.1", ""].some(isLoopback)).toBe(false);
  });
});
