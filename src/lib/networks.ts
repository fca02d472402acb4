import { BlockList, isIP } from "node:net";

/** Whether a text is an IP address, or a network as an address and a prefix length: `10.0.0.0/8`, `fd00::/8`, `::1`. */
export function isNetwork(text: string): boolean {
  return parse(text) !== undefined;
}

/**
 * A test for addresses in any of the given networks, each checked with `isNetwork` before. An IPv4 address that comes in its IPv6 form
 * (`::ffff:10.0.0.1`, as a socket that listens on `::` reports it) counts as the IPv4 address.
 */
export function addressTest(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of networks) {
    const network = parse(text);
    if (network === undefined) {
      throw new Error(`Expected an address or a network such as 10.0.0.0/8, got ${JSON.stringify(text)}.`);
    }
    list.addSubnet(network.address, network.prefix, network.family);
  }
  return (address) => {
    const plain = plainAddress(address);
    const version = isIP(plain);
    return version !== 0 && list.check(plain, version === 4 ? "ipv4" : "ipv6");
  };
}

/** An address without the IPv6 wrapping of an IPv4 one, so that one client is one address on every listener. */
export function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: "ipv4" | "ipv6";
}

function parse(text: string): Network | undefined {
  const [address = "", prefix, ...more] = text.split("/");
  const version = isIP(address);
  const bits = version === 4 ? 32 : 128;
  if (version === 0 || address.includes("%") || more.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(prefix ?? "0")) {
    return undefined;
  }
  const length = prefix === undefined ? bits : Number(prefix);
  return length <= bits ? { address, prefix: length, family: version === 4 ? "ipv4" : "ipv6" } : undefined;
}
