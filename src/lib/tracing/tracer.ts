/** Of a span, as W3C's Trace Context writes them: 32 and 16 lower-case hexadecimal digits. */
export interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
}

/** What is null is left out. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | null>>;

export interface NewSpan {
  readonly name: string;
  /** `server`: somebody asked this process; `client`: it asks somebody. */
  readonly kind: "internal" | "server" | "client";
  readonly traceId: string;
  /** Default: a random one. */
  readonly spanId?: string;
  /** The span that it is a part of, which another process may tell of. */
  readonly parentId: string | null;
  readonly links?: readonly SpanIds[];
  readonly startedAt: Date;
  readonly attributes: SpanAttributes;
}

export interface SpanEnd {
  readonly failed: boolean;
  readonly attributes?: SpanAttributes;
  /** Default: now. */
  readonly endedAt?: Date;
}

export interface OpenSpan {
  /** For others, in the header or the environment variable of that name. */
  readonly traceparent: string;
  end(end: SpanEnd): void;
}

/** Tells a collector of spans. It never throws, and nothing ever waits for the collector. */
export interface Tracer {
  start(span: NewSpan): OpenSpan;
  /** Sends what is left, for so long and no longer. Never rejects. */
  close(): Promise<void>;
}

/** Of the version that there is; later ones may add to it. */
export const TRACEPARENT_LENGTH = 55;
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}(?:$|-)/;
const NOTHING = /^0+$/;

/** Null for what is no `traceparent` (https://www.w3.org/TR/trace-context/#traceparent-header). */
export function parseTraceparent(text: string): SpanIds | null {
  const [, traceId = "", spanId = ""] = TRACEPARENT.exec(text) ?? [];
  if (text.startsWith("ff") || NOTHING.test(traceId) || NOTHING.test(spanId)) return null;
  return traceId === "" ? null : { traceId, spanId };
}
