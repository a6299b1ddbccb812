import type { Logger } from "../lib/logger.ts";
import { readTracingEnv } from "../lib/tracing/tracing-env.ts";
import type { Traces } from "./traces.ts";

export interface StartTracesOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly logger: Logger;
  readonly version: string;
  /** Name of this run of the process. */
  readonly node: string;
}

/** Null where the environment asks for no traces: then nothing of them is loaded. Never rejects for what is in a variable. */
export async function startTraces({
  env,
  logger,
  version,
  node,
}: StartTracesOptions): Promise<Traces | null> {
  const { tracing, warnings } = readTracingEnv(env);
  for (const warning of warnings) logger.warn(warning);
  if (tracing === null) return null;
  const { createOtlpTracer } = await import("../lib/tracing/otlp.ts");
  const { createTraces } = await import("./traces.ts");
  const resource = { "service.name": "hookwright", "service.version": version, "service.instance.id": node };
  const onWarning = (text: string): void => logger.warn({ collector: tracing.collector }, text);
  const tracer = createOtlpTracer({ ...tracing, resource, version, onWarning });
  logger.info({ collector: tracing.collector, ratio: tracing.ratio }, "Traces are sent");
  return createTraces(tracer);
}
