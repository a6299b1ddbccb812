import { ExportResultCode } from "@opentelemetry/core";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import { messageOf } from "../message-of.ts";

const PAUSE_MS = 60_000;

/**
 * The exporter, whose failures are told once a minute and not with each batch: what a collector that is away misses is
 * lost, and no fault of who sends it.
 */
export function quietExporter(
  exporter: SpanExporter,
  onWarning: (text: string) => void,
  now: () => number = () => performance.now(),
): SpanExporter {
  let lost = 0;
  let toldAt = Number.NEGATIVE_INFINITY;

  function note(count: number, error: unknown): void {
    lost += count;
    if (now() - toldAt < PAUSE_MS) return;
    onWarning(`${lost} spans did not get to the collector: ${messageOf(error)}`);
    toldAt = now();
    lost = 0;
  }

  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.code !== ExportResultCode.SUCCESS)
          note(spans.length, result.error ?? new Error("it did not take them"));
        done({ code: ExportResultCode.SUCCESS });
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}
