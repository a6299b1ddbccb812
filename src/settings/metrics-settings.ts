import { z } from "zod";
import { createNetworks, type Networks } from "../lib/networks.ts";
import { network } from "./fields.ts";

/** Of `GET /metrics`. */
export interface MetricsSettings {
  /** Anybody may read them. */
  readonly isPublic: boolean;
  /** Who may read them without a token. */
  readonly allowFrom: Networks;
}

export const metricsSchema = z
  .strictObject({
    enabled: z.boolean().default(false).describe("Whether there are metrics, at `GET /metrics`."),
    public: z
      .boolean()
      .default(false)
      .describe("Let anybody read them. Default: a token with the scope `read` is needed."),
    allow_from: z
      .array(network())
      .default([])
      .describe("Networks whose members may read them without a token, such as 10.0.0.5 for Prometheus."),
  })
  .refine((value) => !value.public || value.allow_from.length === 0, {
    path: ["allow_from"],
    error: "has no effect beside `public: true`, by which anybody may read them",
  });

/** Null: off. */
export function completeMetrics(given: z.output<typeof metricsSchema>): MetricsSettings | null {
  if (!given.enabled) return null;
  return { isPublic: given.public, allowFrom: createNetworks(given.allow_from) };
}
