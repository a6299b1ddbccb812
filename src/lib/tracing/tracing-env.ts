/** What the standard `OTEL_*` variables say of traces (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). */
export interface TracingEnv {
  /** The collector's scheme, host and port. */
  readonly collector: string;
  /** The share of traces that are told, 0 to 1. */
  readonly ratio: number;
  readonly batch: BatchOptions;
}

/** Each a number above 0; what is not there has the SDK's default. */
export type BatchOptions = Readonly<Partial<Record<keyof typeof BATCH, number>>>;

export interface ReadTracing {
  /** Null: no traces. */
  readonly tracing: TracingEnv | null;
  /** Sentences on what is not obeyed: by the standard, a wrong variable must not keep a program from starting. */
  readonly warnings: readonly string[];
}

const OFF: ReadTracing = { tracing: null, warnings: [] };

/** Traces are on only where an endpoint for them is named. */
export function readTracingEnv(env: NodeJS.ProcessEnv): ReadTracing {
  const of = (name: string): string | null => env[name]?.trim() || null;
  const either = (name: string): string | null =>
    of(`OTEL_EXPORTER_OTLP_TRACES_${name}`) ?? of(`OTEL_EXPORTER_OTLP_${name}`);
  const endpoint = either("ENDPOINT");
  const exporter = of("OTEL_TRACES_EXPORTER") ?? "otlp";
  if (endpoint === null || isTrue(of("OTEL_SDK_DISABLED")) || exporter === "none") return OFF;
  const because = (why: string): ReadTracing => ({ tracing: null, warnings: [`No traces: ${why}`] });
  if (exporter !== "otlp") return because(`OTEL_TRACES_EXPORTER is ${exporter}; otlp and none are known`);
  const protocol = either("PROTOCOL") ?? "http/protobuf";
  if (protocol !== "http/protobuf")
    return because(
      `OTEL_EXPORTER_OTLP_PROTOCOL is ${protocol}; http/protobuf is spoken, on a collector's port 4318`,
    );
  const url = URL.parse(endpoint);
  if (url === null || !/^https?:$/.test(url.protocol))
    return because("the endpoint in OTEL_EXPORTER_OTLP_ENDPOINT is no http:// or https:// URL");
  const warnings: string[] = [];
  const ratio = ratioOf(of("OTEL_TRACES_SAMPLER"), of("OTEL_TRACES_SAMPLER_ARG"), warnings);
  return { tracing: { collector: url.origin, ratio, batch: batchOf(of, warnings) }, warnings };
}

const isTrue = (value: string | null): boolean => value?.toLowerCase() === "true";

/** A parent's decision is that of the same trace, so that those samplers which go by it decide as the others do. */
function ratioOf(sampler: string | null, arg: string | null, warnings: string[]): number {
  switch (sampler?.replace("parentbased_", "") ?? "always_on") {
    case "always_on":
      return 1;
    case "always_off":
      return 0;
    case "traceidratio": {
      const ratio = Number(arg ?? 1);
      if (ratio >= 0 && ratio <= 1) return ratio;
      warnings.push(`OTEL_TRACES_SAMPLER_ARG is ${arg}, and not from 0 to 1: all traces are told`);
      return 1;
    }
    default:
      warnings.push(`OTEL_TRACES_SAMPLER is ${sampler}, which is not known: all traces are told`);
      return 1;
  }
}

const BATCH = {
  scheduledDelayMillis: "OTEL_BSP_SCHEDULE_DELAY",
  maxQueueSize: "OTEL_BSP_MAX_QUEUE_SIZE",
  maxExportBatchSize: "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
} as const;

function batchOf(of: (name: string) => string | null, warnings: string[]): BatchOptions {
  const known = Object.entries(BATCH).flatMap(([key, name]) => {
    const text = of(name);
    const value = Number(text);
    if (text === null) return [];
    if (Number.isSafeInteger(value) && value > 0) return [[key, value] as const];
    warnings.push(`${name} is ${text}, and no number above 0: its default is used`);
    return [];
  });
  return Object.fromEntries(known);
}
