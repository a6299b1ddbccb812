import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import type { Metrics, Read } from "./metrics.ts";

/**
 * Metrics by OpenTelemetry's SDK. To be loaded by a dynamic import, and only where metrics are on: it takes 30 MB.
 * Its own port is not opened.
 */
export function createMetrics(): Metrics {
  const reader = new PrometheusExporter({ preventServerStart: true });
  const meter = new MeterProvider({ readers: [reader] }).getMeter("hookwright");
  // Neither the SDK's scope nor its resource: they would be labels of every series.
  const serializer = new PrometheusSerializer("", false, undefined, true, true);

  type Observable = ReturnType<typeof meter.createObservableGauge>;
  const observe = (observable: Observable, read: Read): void =>
    observable.addCallback(async (result) => {
      for (const { value, labels = {} } of await read()) result.observe(value, labels);
    });

  return {
    counter({ name, help }) {
      const counter = meter.createCounter(name, { description: help });
      return (labels) => counter.add(1, labels);
    },
    histogram({ name, help }, buckets) {
      const advice = { explicitBucketBoundaries: [...buckets] };
      const histogram = meter.createHistogram(name, { description: help, advice });
      return (labels, value) => histogram.record(value, labels);
    },
    gauge({ name, help }, read) {
      observe(meter.createObservableGauge(name, { description: help }), read);
    },
    total({ name, help }, read) {
      observe(meter.createObservableCounter(name, { description: help }), read);
    },
    async text() {
      const { resourceMetrics } = await reader.collect();
      return serializer.serialize(resourceMetrics);
    },
  };
}
