import { randomBytes } from "node:crypto";
import {
  type Attributes,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from "@opentelemetry/resources";
import { BatchSpanProcessor, TraceIdRatioBasedSampler, TracerProvider } from "@opentelemetry/sdk-trace";
import { within } from "../within.ts";
import { quietExporter } from "./quiet-exporter.ts";
import type { NewSpan, SpanAttributes, SpanIds, Tracer } from "./tracer.ts";
import type { TracingEnv } from "./tracing-env.ts";

export interface OtlpOptions extends TracingEnv {
  /** Of the process, under the names that OpenTelemetry has; `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` go before. */
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
  readonly onWarning: (text: string) => void;
  /** What sending the last spans may take. */
  readonly closeMs?: number;
}

const KINDS = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT } as const;
const CLOSE_MS = 3_000;

/**
 * A tracer by OpenTelemetry's SDK and its OTLP exporter. To be loaded by a dynamic import, and only where traces are on. The
 * exporter reads the other variables (headers, certificates, compression) from the environment of the process itself.
 */
export function createOtlpTracer(options: OtlpOptions): Tracer {
  const { ratio, batch, version, onWarning, closeMs = CLOSE_MS } = options;
  const warn = (text: string): void => onWarning(text);
  const silent = (): undefined => undefined;
  diag.setLogger(
    { error: warn, warn, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const ids = createIds();
  const exporter = quietExporter(new OTLPTraceExporter(), onWarning);
  const provider = new TracerProvider({
    resource: resourceOf(options.resource),
    // By the trace's id alone, so that each process decides alike, and none has to be asked.
    sampler: new TraceIdRatioBasedSampler(ratio),
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor({ exporter, ...batch })],
  });
  const tracer = provider.getTracer("hookwright", version);

  return {
    start(span) {
      ids.next(span);
      const begun = tracer.startSpan(
        span.name,
        {
          kind: KINDS[span.kind],
          startTime: span.startedAt,
          attributes: toAttributes(span.attributes),
          links: (span.links ?? []).map((link) => ({ context: contextOf(link) })),
        },
        parentOf(span),
      );
      const { traceId, spanId, traceFlags } = begun.spanContext();
      return {
        traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`,
        end({ failed, attributes = {}, endedAt = new Date() }) {
          begun.setAttributes(toAttributes(attributes));
          if (failed) begun.setStatus({ code: SpanStatusCode.ERROR });
          begun.end(endedAt);
        },
      };
    },
    async close() {
      const sent = provider.shutdown().catch(() => undefined);
      if (!(await within(closeMs, sent))) onWarning("The collector did not take the last spans in time");
    },
  };
}

const resourceOf = (attributes: OtlpOptions["resource"]) =>
  defaultResource()
    .merge(resourceFromAttributes(attributes))
    .merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }));

const contextOf = (ids: SpanIds) => ({ ...ids, traceFlags: TraceFlags.SAMPLED, isRemote: true });

const parentOf = ({ traceId, parentId }: NewSpan) =>
  parentId === null
    ? ROOT_CONTEXT
    : trace.setSpanContext(ROOT_CONTEXT, contextOf({ traceId, spanId: parentId }));

function toAttributes(attributes: SpanAttributes): Attributes {
  const present: Attributes = {};
  for (const [name, value] of Object.entries(attributes)) if (value !== null) present[name] = value;
  return present;
}

const SPAN_ID_BYTES = 8;

/** Ids that are chosen before; the SDK asks for them while it starts a span. */
function createIds() {
  let chosen: Pick<NewSpan, "traceId" | "spanId"> = { traceId: "" };
  return {
    next(span: Pick<NewSpan, "traceId" | "spanId">): void {
      chosen = span;
    },
    generateTraceId: (): string => chosen.traceId,
    generateSpanId: (): string => chosen.spanId ?? randomBytes(SPAN_ID_BYTES).toString("hex"),
  };
}
