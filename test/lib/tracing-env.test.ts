import { describe, expect, it } from "vitest";
import { parseTraceparent } from "../../src/lib/tracing/tracer.ts";
import { readTracingEnv } from "../../src/lib/tracing/tracing-env.ts";

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };
const read = (env: NodeJS.ProcessEnv) => readTracingEnv({ ...endpoint, ...env });

describe("traces are on", () => {
  it("where an endpoint is named, for all signals or for traces", () => {
    const { tracing, warnings } = read({});
    expect(tracing).toEqual({ collector: "http://collector:4318", ratio: 1, batch: {} });
    expect(warnings).toEqual([]);
    const other = read({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://user:pass@traces.example.com/v1" });
    expect(other.tracing?.collector).toBe("https://traces.example.com");
  });

  it("and off without one, where the SDK is disabled, or no exporter is wanted", () => {
    expect(readTracingEnv({})).toEqual({ tracing: null, warnings: [] });
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: "" })).toEqual({ tracing: null, warnings: [] });
    expect(read({ OTEL_SDK_DISABLED: "TRUE" })).toEqual({ tracing: null, warnings: [] });
    expect(read({ OTEL_TRACES_EXPORTER: "none" })).toEqual({ tracing: null, warnings: [] });
    expect(read({ OTEL_SDK_DISABLED: "false" }).tracing).not.toBeNull();
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, "port 4318"],
    [{ OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json" }, "http/protobuf"],
    [{ OTEL_TRACES_EXPORTER: "zipkin" }, "zipkin"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" }, "no http:// or https:// URL"],
  ])("not, but with a warning, for %o", (env, said) => {
    const { tracing, warnings } = read(env);
    expect(tracing).toBeNull();
    expect(warnings.join()).toContain(said);
  });
});

describe("the share of traces", () => {
  it.each([
    ["always_on", undefined, 1],
    ["always_off", undefined, 0],
    ["parentbased_always_off", undefined, 0],
    ["traceidratio", "0.25", 0.25],
    ["parentbased_traceidratio", "0.25", 0.25],
    ["traceidratio", undefined, 1],
  ])("of %s with %s is %d", (sampler, arg, ratio) => {
    const { tracing, warnings } = read({ OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: arg });
    expect(tracing?.ratio).toBe(ratio);
    expect(warnings).toEqual([]);
  });

  it("is all of them, with a warning, where it can't be read", () => {
    const wrong = read({ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "7" });
    expect(wrong.tracing?.ratio).toBe(1);
    expect(wrong.warnings).toHaveLength(1);
    expect(read({ OTEL_TRACES_SAMPLER: "jaeger_remote" }).warnings).toHaveLength(1);
  });
});

it("batches go by their variables, and a wrong one by its default", () => {
  const { tracing, warnings } = read({ OTEL_BSP_SCHEDULE_DELAY: "100", OTEL_BSP_MAX_QUEUE_SIZE: "many" });
  expect(tracing?.batch).toEqual({ scheduledDelayMillis: 100 });
  expect(warnings.join()).toContain("OTEL_BSP_MAX_QUEUE_SIZE");
});

it("a traceparent is read as the standard has it, and nothing else is one", () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const spanId = "b7ad6b7169203331";
  expect(parseTraceparent(`00-${traceId}-${spanId}-01`)).toEqual({ traceId, spanId });
  expect(parseTraceparent(`cc-${traceId}-${spanId}-01-what-comes`)).toEqual({ traceId, spanId });
  for (const wrong of [
    "",
    `ff-${traceId}-${spanId}-01`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-01\nx: y`,
  ])
    expect(parseTraceparent(wrong)).toBeNull();
});
