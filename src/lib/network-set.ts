/** Networks as numbers: written in one way, compared with each other, and looked up at the cost of their different sizes. */

import { isIP } from "node:net";

export interface Network {
  readonly bits: 32 | 128;
  /** The first address; what lies behind the prefix is 0. */
  readonly base: bigint;
  readonly prefix: number;
}

interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** IPv4 addresses in their IPv6 form: they count as IPv4. */
const mapped = 0xffffn;
const mapped_prefix = 96;
const low32 = 0xffff_ffffn;

function parseV4(text: string): bigint {
  return text.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseV6(text: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const tail = dotted === null ? 0n : parseV4(dotted[2] ?? "");
  const plain =
    dotted === null ? text : `${dotted[1] ?? ""}${(tail >> 16n).toString(16)}:${(tail & mapped).toString(16)}`;
  const [head = "", rest] = plain.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const first = groups(head);
  const last = groups(rest ?? "");
  const zeros = rest === undefined ? 0 : 8 - first.length - last.length;
  const all = [...first, ...Array<string>(zeros).fill("0"), ...last];
  return all.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

/** Undefined for what is no address. The zone of a link-local one does not count. */
function parseAddress(text: string): Address | undefined {
  const plain = text.split("%", 1)[0] ?? "";
  const version = isIP(plain);
  if (version === 0) return undefined;
  if (version === 4) return { bits: 32, value: parseV4(plain) };
  const value = parseV6(plain);
  return value >> 32n === mapped ? { bits: 32, value: value & low32 } : { bits: 128, value };
}

function maskOf({ bits, prefix }: { bits: number; prefix: number }): bigint {
  return ((1n << BigInt(prefix)) - 1n) << BigInt(bits - prefix);
}

/** A network from `192.0.2.0/24`, `2001:db8::/48` or one address; undefined for anything else. */
export function parseNetwork(text: string): Network | undefined {
  const [plain = "", given, ...more] = text.trim().split("/");
  if (more.length > 0 || plain.includes("%") || (given !== undefined && !/^(0|[1-9]\d{0,2})$/.test(given)))
    return undefined;
  const address = parseAddress(plain);
  if (address === undefined) return undefined;
  const written = isIP(plain) === 6 ? 128 : 32;
  // A prefix behind the IPv6 form of an IPv4 address counts from the front of the IPv6 form.
  const before = written === 128 && address.bits === 32 ? mapped_prefix : 0;
  const prefix = given === undefined ? address.bits : Number(given) - before;
  if (prefix < 0 || prefix > address.bits) return undefined;
  return { bits: address.bits, prefix, base: address.value & maskOf({ bits: address.bits, prefix }) };
}

/** The network's one spelling. */
export function printNetwork({ base, bits, prefix }: Network): string {
  const size = bits === 32 ? 8n : 16n;
  const parts = Array.from({ length: bits / Number(size) }, (_, at) => {
    const part = (base >> (BigInt(bits) - size * BigInt(at + 1))) & ((1n << size) - 1n);
    return part.toString(bits === 32 ? 10 : 16);
  });
  const address = bits === 32 ? parts.join(".") : new URL(`http://[${parts.join(":")}]`).hostname.slice(1, -1);
  return `${address}/${prefix}`;
}

/** Whether two networks have an address in common: then the smaller one lies in the other. */
export function overlap(a: Network, b: Network): boolean {
  if (a.bits !== b.bits) return false;
  const mask = maskOf({ bits: a.bits, prefix: Math.min(a.prefix, b.prefix) });
  return (a.base & mask) === (b.base & mask);
}

/** Whether an address lies in any of many networks. */
export class NetworkSet {
  readonly #sizes: { readonly bits: number; readonly mask: bigint; readonly bases: Set<bigint> }[] = [];

  constructor(networks: Iterable<Network>) {
    for (const network of networks) {
      const { base, bits } = network;
      const mask = maskOf(network);
      let size = this.#sizes.find((known) => known.bits === bits && known.mask === mask);
      if (size === undefined) {
        size = { bits, mask, bases: new Set() };
        this.#sizes.push(size);
      }
      size.bases.add(base);
    }
  }

  has(text: string): boolean {
    if (this.#sizes.length === 0) return false;
    const address = parseAddress(text);
    if (address === undefined) return false;
    return this.#sizes.some(({ bases, bits, mask }) => bits === address.bits && bases.has(address.value & mask));
  }
}
