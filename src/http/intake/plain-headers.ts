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

/** Longest names are of no use; more of them are a mistake or worse. */
const MAX_PARAMETERS = 100;

/**
 * The parameters of a URL's query, named `?name`, which no header can be called. One that comes twice is joined as a header
 * is, so that it does not pass for one.
 */
export function queryOf(url = ""): Record<string, string> {
  const start = url.indexOf("?");
  if (start === -1) return {};
  const query: Record<string, string> = {};
  for (const [name, value] of [...new URLSearchParams(url.slice(start + 1))].slice(0, MAX_PARAMETERS)) {
    const key = `?${name}`;
    const before = Object.hasOwn(query, key) ? `${query[key] ?? ""}, ` : "";
    query[key] = before + value;
  }
  return query;
}
