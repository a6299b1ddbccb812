import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { createNetworks } from "../lib/networks.ts";

/** Where a request comes from; null when the connection is gone already. */
export type ClientAddress = (request: Pick<IncomingMessage, "headers" | "socket">) => string | null;

/**
 * The connection's address, or, where that is a trusted proxy's, the one it names in `X-Forwarded-For`. The header is read
 * from its end: what stands before the first address that is not trusted could have been written by anybody.
 * `trusted` is asked each time, so that reloaded settings count at once.
 */
export function createClientAddress(trusted: () => readonly string[]): ClientAddress {
  let list = trusted();
  let networks = createNetworks(list);
  return ({ headers, socket }) => {
    if (trusted() !== list) {
      list = trusted();
      networks = createNetworks(list);
    }
    let address = socket.remoteAddress ?? null;
    const header = headers["x-forwarded-for"];
    if (list.length === 0 || typeof header !== "string") return address;
    const named = header.split(",").map((text) => text.trim());
    while (address !== null && networks.has(address)) {
      const before = named.pop() ?? "";
      if (isIP(before) === 0) break;
      address = before;
    }
    return address;
  };
}
