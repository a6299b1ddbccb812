import { healthSchema, awaitHealth } from "./common/health.ts";
import type { StepKind } from "./step.ts";
import type { z } from "zod";

type HealthOptions = z.infer<typeof healthSchema>;

/** `health: { http: "http://127.0.0.1:3000/healthz", within: 60s }`: waits until something answers as it should. */
export const healthKind: StepKind<HealthOptions> = {
  kind: "health",
  summary: "Waits until an address answers as it should",
  schema: healthSchema,
  render: (options) => options,
  title: ({ http }) => `wait for ${http}`,
  async run(options, context) {
    await awaitHealth(options, context);
    return { exitCode: 0 };
  },
};
