import { vi } from "vitest";

/** Variables that ask for traces, both for the server that gets them and for the SDK, which reads the process's own. Undo it by `vi.unstubAllEnvs()`. */
export function otelEnv(
  collector: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector, OTEL_BSP_SCHEDULE_DELAY: "20", ...more };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  return env;
}
