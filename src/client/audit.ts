import { z } from "zod";
import { AUDIT_ACTIONS, AUDIT_RESULTS, AUDIT_WAYS } from "../domain/audit.ts";

/** The audit log, as requests and answers of the API carry it. */

const time = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text).toISOString())
  .optional();

export const auditQuerySchema = z.object({
  actor: z
    .string()
    .max(200)
    .optional()
    .describe("`token:NAME`, `user:NAME`, `source:NAME`, `kapp`, `server`"),
  action: z.enum(AUDIT_ACTIONS).optional(),
  target: z.string().max(200).optional().describe("`task:ID`, `token:NAME`, `endpoint:NAME` …"),
  result: z.enum(AUDIT_RESULTS).optional(),
  since: time.describe("From then on (RFC 3339)"),
  until: time.describe("Before then (RFC 3339)"),
  cursor: z.string().min(1).max(200).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});
export type AuditQuery = z.input<typeof auditQuerySchema>;

/** What a purge of a log has removed: its lines, and what steps had kept of their output. */
export const purgedSchema = z.object({ removed: z.number().int() }).meta({ id: "PurgedLog" });

export const auditEventSchema = z.object({
  id: z.string(),
  time: z.string(),
  actor: z.string(),
  action: z.enum(AUDIT_ACTIONS),
  target: z.string().nullable(),
  way: z.enum(AUDIT_WAYS),
  address: z.string().nullable(),
  result: z.enum(AUDIT_RESULTS),
  code: z.string().nullable().describe("Of the refusal"),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type AuditEventWire = z.infer<typeof auditEventSchema>;
