import type { IncomingHttpHeaders } from "node:http";

/** node gives a list for `set-cookie` alone, which no sender of webhooks sends. */
export function plainHeaders(headers: IncomingHttpHeaders): Record<string, string | undefined> {
  const plain: Record<string, string | undefined> = {};
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === "string") plain[name] = value;
  }
  return plain;
}
