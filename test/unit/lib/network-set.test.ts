import { expect, test } from "bun:test";
import { isIP } from "node:net";
import fc from "fast-check";
import { addressTest } from "../../../src/lib/networks.ts";
import { NetworkSet, overlap, parseNetwork, printNetwork, type Network } from "../../../src/lib/network-set.ts";

const network = (text: string): Network => {
  const parsed = parseNetwork(text);
  if (parsed === undefined) throw new Error(`Expected a network; got ${text}`);
  return parsed;
};
const printed = (text: string): string => printNetwork(network(text));

test("a network has one spelling", () => {
  expect(printed("192.0.2.77/24")).toBe("192.0.2.0/24");
  expect(printed("192.0.2.77")).toBe("192.0.2.77/32");
  expect(printed("2001:DB8:0:0::1/48")).toBe("2001:db8::/48");
  expect(printed("::/0")).toBe("::/0");
  expect(printed("::ffff:192.0.2.77/120")).toBe("192.0.2.0/24");
  expect(printed("::ffff:c000:24d")).toBe("192.0.2.77/32");
  expect(printed("64:ff9b::192.0.2.1")).toBe("64:ff9b::c000:201/128");
});

test("what is no network is told apart", () => {
  const wrong = [
    "",
    "x",
    "192.0.2",
    "192.0.2.1/33",
    "192.0.2.1/-1",
    "192.0.2.1/08",
    "1/2/3",
    "fe80::1%eth0/64",
    "::/129",
  ];
  for (const text of [...wrong, "::ffff:1.2.3.4/95"]) expect([text, parseNetwork(text)]).toEqual([text, undefined]);
});

test("networks overlap where one lies in the other", () => {
  expect(overlap(network("10.0.0.0/8"), network("10.1.2.3"))).toBe(true);
  expect(overlap(network("10.1.0.0/16"), network("10.0.0.0/8"))).toBe(true);
  expect(overlap(network("0.0.0.0/0"), network("127.0.0.0/8"))).toBe(true);
  expect(overlap(network("11.0.0.0/8"), network("10.0.0.0/8"))).toBe(false);
  expect(overlap(network("::/0"), network("10.0.0.0/8"))).toBe(false);
});

const v4 = fc.ipV4();
const v6 = fc.ipV6().filter((text) => isIP(text) === 6);

test("an address lies in the networks that the runtime says it lies in", () => {
  const asked = fc.record({
    networks: fc.array(
      fc.oneof(fc.tuple(v4, fc.integer({ min: 0, max: 32 })), fc.tuple(v6, fc.integer({ min: 0, max: 128 }))),
      { maxLength: 5 },
    ),
    addresses: fc.array(fc.oneof(v4, v6), { minLength: 1, maxLength: 10 }),
  });
  fc.assert(
    fc.property(asked, ({ addresses, networks }) => {
      const texts = networks.map(([address, prefix]) => `${address}/${prefix}`).filter((text) => isOneFamily(text));
      const set = new NetworkSet(texts.map(network));
      const runtime = addressTest(texts);
      // The networks' own addresses are the likely hits.
      const all = [...addresses, ...networks.map(([address]) => address)].filter(isOneFamily);
      expect(all.map((address) => set.has(address))).toEqual(all.map((address) => runtime(address)));
    }),
  );
});

/** The runtime looks for an IPv4 address in its IPv6 form among the IPv6 ones. */
function isOneFamily(text: string): boolean {
  return (
    isIP(text.split("/")[0] ?? "") === 4 || (parseNetwork(text)?.bits === 128 && !/\/([0-8]?\d|9[0-5])$/.test(text))
  );
}

test("what is no address lies nowhere", () => {
  const set = new NetworkSet([network("::/0"), network("0.0.0.0/0")]);
  expect([set.has(""), set.has("nowhere"), set.has("fe80::1%eth0"), set.has("::ffff:10.0.0.1")]).toEqual([
    false,
    false,
    true,
    true,
  ]);
});
