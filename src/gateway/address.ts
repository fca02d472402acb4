/** Where a request comes from, as the limits count it. */

import { isIP } from "node:net";
import { plainAddress } from "../lib/networks.ts";

/** Hops that are looked at; a longer list was made up by somebody. */
const hops_max = 20;

/**
 * The client's address: the peer's, or, where the peer is a trusted proxy, the first one of `X-Forwarded-For` from the
 * right that is none. What stands left of that one is the client's own claim and counts for nothing.
 */
export function clientAddress(
  request: { peer: string; forwardedFor: string | null },
  trusted: (address: string) => boolean,
): string {
  let address = plainAddress(request.peer);
  if (request.forwardedFor === null || !trusted(address)) return address;
  const hops = request.forwardedFor.split(",", hops_max + 1);
  for (const hop of hops.reverse()) {
    const claimed = withoutPort(hop.trim());
    if (isIP(claimed) === 0) return address;
    address = plainAddress(claimed);
    if (!trusted(address)) return address;
  }
  return address;
}

/** Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  return /^\[([^\]]+)\](:\d+)?$/.exec(hop)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(hop)?.[1] ?? hop;
}

/**
 * What limits count as one address: of IPv6 the first 64 bits, for whoever has one of those addresses has them all.
 */
export function limitKey(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = (address.split("%")[0] ?? "").toLowerCase().split("::");
  const first = head === "" ? [] : head.split(":");
  const missing = tail === undefined ? 0 : 8 - first.length - (tail === "" ? 0 : tail.split(":").length);
  const groups = [...first, ...Array<string>(Math.max(0, missing)).fill("0"), ...(tail ?? "").split(":")];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}

/** This machine itself. */
export function isLoopback(address: string): boolean {
  return address === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address);
}
