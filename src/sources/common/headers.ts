import type { IncomingRequest } from "../source.ts";

type WithHeaders = Pick<IncomingRequest, "headers">;

/** The first of these headers that is there and not empty. */
export function headerOf({ headers }: WithHeaders, ...names: readonly string[]): string | null {
  for (const name of names) {
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (value !== undefined && value !== "") return value;
  }
  return null;
}

/** The bytes of a header as they were sent: node reads them as Latin-1. */
export const headerBytes = (value: string): Buffer => Buffer.from(value, "latin1");
