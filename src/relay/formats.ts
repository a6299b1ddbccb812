import { z } from "zod";
import type { RelayedDelivery, StoredRelayed } from "./delivery.ts";

/*
 * How a delivery stands in an event of a stream. Ours has the exact bytes. That of smee.io (github.com/probot/smee.io and
 * smee-client) has headers beside `body`, the parsed JSON, `query` and `timestamp`, in an event without a name.
 */

export const exactEvent = ({ seq, body, receivedAt, ...rest }: StoredRelayed): string =>
  `id: ${seq}\nevent: delivery\ndata: ${JSON.stringify({ ...rest, received_at: receivedAt, body: body.toString("base64") })}\n\n`;

const exactSchema = z.object({
  id: z.string(),
  received_at: z.string(),
  query: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.base64().transform((text) => Buffer.from(text, "base64")),
});

/** Throws on what is none. */
export function readExact(data: string): RelayedDelivery {
  const { received_at: receivedAt, ...rest } = exactSchema.parse(JSON.parse(data));
  return { ...rest, receivedAt };
}

export function smeeEvent({ seq, headers, body, query, receivedAt }: StoredRelayed): string {
  const data = {
    ...headers,
    body: parsedOr(body.toString("utf8")),
    query: Object.fromEntries(new URLSearchParams(query)),
    timestamp: Date.parse(receivedAt),
  };
  return `id: ${seq}\ndata: ${JSON.stringify(data)}\n\n`;
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const smeeSchema = z.looseObject({
  body: z.unknown(),
  query: z.record(z.string(), z.unknown()).catch({}),
  timestamp: z.number().catch(0),
});

/** Of the connection to smee, not of the delivery. */
const HOP_BY_HOP = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "keep-alive",
  "upgrade",
  "expect",
]);

/**
 * As smee-client hands it on: the JSON written anew, so that a signature over other bytes (spaces, escapes, a form) no longer
 * fits. Throws on what is no such event.
 */
export function readSmee(data: string, id: string): RelayedDelivery {
  const { body, query, timestamp, ...rest } = smeeSchema.parse(JSON.parse(data));
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(rest)) {
    const plain = typeof value === "string" || typeof value === "number";
    if (plain && !HOP_BY_HOP.has(name.toLowerCase())) headers[name.toLowerCase()] = String(value);
  }
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (typeof value === "string") search.set(name, value);
  return {
    id,
    receivedAt: new Date(timestamp).toISOString(),
    query: search.toString(),
    headers: { ...headers, "content-type": "application/json" },
    body: Buffer.from(JSON.stringify(body ?? null)),
  };
}
