import { lookup as dnsLookup, type LookupAddress, type LookupAllOptions } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { createNetworks } from "./networks.ts";

/** An address that may not be called; the message says which and why. */
export class AddressRefused extends Error {
  override readonly name = "AddressRefused";
}

export interface AddressGuard {
  /** For `connect`: resolves a name, checks every address of it, and gives only those, so that the connection goes to one. */
  readonly lookup: LookupFunction;
  /** Checks a URL's host when that is an address, which no lookup would see. Throws AddressRefused. */
  checkHost(host: string): void;
}

/** Finds all addresses of a name. */
export type Resolve = (
  host: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

/** Lets public unicast addresses through, and those in `allowCidrs`. Throws on a CIDR that is none. */
export function createAddressGuard(
  allowCidrs: readonly string[],
  resolve: Resolve = dnsLookup,
): AddressGuard {
  const allowed = createNetworks(allowCidrs);

  function check(host: string, address: string): void {
    if (allowed.has(address)) return;
    // `process` unwraps IPv4-mapped IPv6 addresses.
    const range = ipaddr.process(address).range();
    if (range === "unicast") return;
    const what = host === address ? address : `${host} (${address})`;
    throw new AddressRefused(
      `${what} is not called: the address is ${range}, not public, and not allowed by the settings`,
    );
  }

  return {
    checkHost(host) {
      const bare = host.replace(/^\[|\]$/g, "");
      if (isIP(bare) !== 0) check(bare, bare);
    },
    lookup(host, options, callback) {
      resolve(host, { ...options, all: true }, (error, addresses) => {
        if (error !== null) return callback(error, "");
        try {
          for (const { address } of addresses) check(host, address);
        } catch (refused) {
          return callback(refused instanceof Error ? refused : new Error(String(refused)), "");
        }
        return answer(addresses, options.all === true, callback);
      });
    },
  };
}

function answer(
  addresses: readonly LookupAddress[],
  all: boolean,
  callback: Parameters<LookupFunction>[2],
): void {
  const [first] = addresses;
  if (all) callback(null, [...addresses]);
  else if (first === undefined) callback(new Error("The name has no address"), "");
  else callback(null, first.address, first.family);
}
