import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { parseDuration } from "../../lib/duration.ts";
import { Unhealthy, untilHealthy } from "../../lib/probe.ts";
import type { StepContext } from "../step.ts";

/** Kept as it stands: options are stored, and read again when the step runs. */
export const durationText = (): z.ZodString =>
  z
    .string()
    .refine((text) => (parseDuration(text) ?? 0) > 0, "expected a duration such as 30s, 10m or 1h30m");

const waiting = {
  within: durationText().default("60s").describe("How long it may take until it is well."),
  interval: durationText().default("500ms").describe("Time between two tries."),
  expect: z.string().min(1).optional().describe("A text that the answer has to hold."),
};

export const healthSchema = z.strictObject({
  http: z
    .url({ protocol: /^https?$/, error: "expected a URL such as http://127.0.0.1:3000/healthz" })
    .describe("The URL to ask: 200 to 299 is well. No template, so that nothing from outside chooses it."),
  ...waiting,
});
export type HealthCheck = z.infer<typeof healthSchema>;

/** The same for an app whose port is not known before. */
export const portHealthSchema = z.strictObject({
  http: z
    .string()
    .regex(
      /^(?:https?:\/\/[^\s/]|\/(?!\/))\S*$/,
      "expected a URL, or a path such as /healthz on the app's own port",
    )
    .refine((text) => !text.includes("${{"), "no template is taken here")
    .describe(
      "A URL, or with the runtime `process` a path on the app's own port: 200 to 299 is well. No template.",
    ),
  ...waiting,
});

/** Rejects `step:failed` when it is not well in time. */
export async function awaitHealth(
  { http, within, interval, expect }: HealthCheck,
  { signal, log }: Pick<StepContext, "signal" | "log">,
): Promise<void> {
  const withinMs = parseDuration(within) ?? 0;
  const intervalMs = parseDuration(interval) ?? 0;
  try {
    await untilHealthy({ url: http, withinMs, intervalMs, expect: expect ?? null, signal, log });
  } catch (error) {
    if (!(error instanceof Unhealthy)) throw error;
    throw new AppError("step:failed", error.message, { cause: error });
  }
  log(`${http} is well`);
}
