import { z } from "zod";
import { parseDuration } from "../settings/units.ts";

/** What options of several commands take. */

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT` or `PORT`; the host may be an IPv6 address in brackets. */
export const listenSchema = z.string().transform((text, context): ListenAddress => {
  const [, host = "127.0.0.1", digits = ""] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits !== "" && port <= 65_535) return { host: host.replace(/^\[(.*)\]$/, "$1"), port };
  context.addIssue({ code: "custom", message: `${text} is not HOST:PORT or PORT` });
  return z.NEVER;
});

const LIMIT_ERROR = "expected a number from 1 to 500";

export const limitSchema = z.coerce
  .number({ error: LIMIT_ERROR })
  .int({ error: LIMIT_ERROR })
  .min(1, { error: LIMIT_ERROR })
  .max(500, { error: LIMIT_ERROR });

/** `90d` → the RFC 3339 time in 90 days. */
export const expirySchema = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== null) return new Date(Date.now() + ms).toISOString();
  context.addIssue({ code: "custom", message: `${text} is not a duration such as 90d` });
  return z.NEVER;
});

/** `90d` → the RFC 3339 time 90 days ago; such a time stays as it is. */
export const pastSchema = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== null) return new Date(Date.now() - ms).toISOString();
  if (z.iso.datetime({ offset: true }).safeParse(text).success) return new Date(text).toISOString();
  context.addIssue({
    code: "custom",
    message: `${text} is neither a duration such as 90d nor a time such as 2026-01-31T09:00:00Z`,
  });
  return z.NEVER;
});

/** `name=value` pairs as a map. */
export const paramsSchema = z
  .array(z.string())
  .default([])
  .transform((pairs, context) => {
    const entries = pairs.map((pair): [string, string] => {
      const equals = pair.indexOf("=");
      if (equals < 1) context.addIssue({ code: "custom", message: `${pair} is not NAME=VALUE` });
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    });
    return Object.fromEntries(entries);
  });

/** Gathers an option that may be given several times. */
export const collect = (value: string, all: readonly string[] = []): readonly string[] => [...all, value];

export const TASK_REF = "the task's id, a part of it that is unique, or `last`";
export const DELIVERY_REF = "the delivery's id, a part of it that is unique, or `last`";
