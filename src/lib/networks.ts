import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** A set of networks: `10.0.0.0/8`, `::1/128`, or single addresses. */
export interface Networks {
  /** Also of an IPv4 address that is written as IPv6. False for what is no address. */
  has(address: string): boolean;
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Throws on a text that is no network. */
export function createNetworks(cidrs: readonly string[]): Networks {
  const ranges = cidrs.map((text) => {
    const range = parseNetwork(text);
    if (range === null) throw new Error(`${text} is no network; write it like 10.0.0.0/8`);
    return range;
  });
  return {
    has(address) {
      if (isIP(address) === 0) return false;
      // `process` unwraps IPv4-mapped IPv6 addresses.
      const parsed = ipaddr.process(address);
      return ranges.some((range) => range[0].kind() === parsed.kind() && parsed.match(range));
    },
  };
}

export const isNetwork = (text: string): boolean => parseNetwork(text) !== null;

/** Whole addresses only: `ipaddr.js` reads `10/8` as 0.0.0.10/8, which is not what anyone means by it. */
function parseNetwork(text: string): Range | null {
  const [address = "", prefix, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return null;
  const bits = prefix ?? (version === 6 ? "128" : "32");
  if (!/^\d{1,3}$/.test(bits)) return null;
  try {
    return ipaddr.parseCIDR(`${address}/${bits}`);
  } catch {
    return null;
  }
}

/**
 * What one sender can't change at will: the IPv4 address, or the first 64 bits of an IPv6 address, behind which stands
 * one customer with 2^64 addresses. What is no address stays as it is.
 */
export function networkOf(address: string): string {
  // Each request asks: an IPv4 address needs no parsing.
  if (!address.includes(":")) return address;
  if (isIP(address) === 0) return address;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  return `${parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(":")}::/64`;
}
