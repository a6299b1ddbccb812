import type { FastifyRequest } from "fastify";

/** The `seq` that a client of an event stream has seen last, by the header that browsers send. */
export function lastEventId({ headers }: Pick<FastifyRequest, "headers">): number | null {
  const value = headers["last-event-id"];
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : null;
}
