import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { until } from "../support/until.ts";
import { type ProtobufMessage, readProtobuf } from "./protobuf.ts";

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it has none. */
  readonly parentId: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  /** Unix time in milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly links: readonly string[];
  readonly failed: boolean;
}

export interface Collector {
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** Headers of each request, also of those that were refused. */
  readonly requests: readonly IncomingMessage["headers"][];
  /** Everything that has been sent, as it came. */
  readonly raw: () => Buffer;
  /** From now on: `hang` takes the request and never answers. */
  behave(how: "take" | "refuse" | "hang"): void;
  /** Waits until such a span is there, and gives it. */
  span(is: (span: CollectedSpan) => boolean): Promise<CollectedSpan>;
  close(): Promise<void>;
}

/**
 * A collector that takes traces by OTLP over HTTP, in protobuf (https://opentelemetry.io/docs/specs/otlp/#otlphttp, and the messages of
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto).
 */
export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const requests: IncomingMessage["headers"][] = [];
  const bodies: Buffer[] = [];
  let how: "take" | "refuse" | "hang" = "take";

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(request, "end");
    requests.push(request.headers);
    if (how === "hang") return;
    const type = "application/x-protobuf";
    if (request.method !== "POST" || request.url !== "/v1/traces") return end(response, 404);
    if (request.headers["content-type"] !== type) return end(response, 415);
    if (how === "refuse") return end(response, 400);
    const body = Buffer.concat(chunks);
    bodies.push(body);
    spans.push(...readRequest(body));
    response.setHeader("content-type", type);
    return end(response, 200);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => end(response, 400));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    requests,
    raw: () => Buffer.concat(bodies),
    behave(next) {
      how = next;
    },
    span: (is) => until(() => spans.find(is), { what: `a span for which ${is.toString()}` }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const end = (response: ServerResponse, status: number): void => void response.writeHead(status).end();

const inner = (message: ProtobufMessage, field: number): ProtobufMessage[] =>
  message.bytes(field).map((bytes) => readProtobuf(bytes));

function readRequest(body: Buffer): CollectedSpan[] {
  return inner(readProtobuf(body), 1).flatMap((ofResource) => {
    const [about] = inner(ofResource, 1);
    const resource = about === undefined ? {} : readAttributes(about, 1);
    return inner(ofResource, 2).flatMap((ofScope) =>
      inner(ofScope, 2).map((span) => readSpan(span, resource)),
    );
  });
}

function readSpan(span: ProtobufMessage, resource: CollectedSpan["resource"]): CollectedSpan {
  const hex = (message: ProtobufMessage, field: number): string =>
    message.bytes(field)[0]?.toString("hex") ?? "";
  const time = (field: number): number => Number((span.numbers(field)[0] ?? 0n) / 1_000n) / 1_000;
  const STATUS_ERROR = 2n;
  return {
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    parentId: hex(span, 4),
    name: span.bytes(5)[0]?.toString() ?? "",
    kind: Number(span.numbers(6)[0] ?? 0n),
    startedAt: time(7),
    endedAt: time(8),
    attributes: readAttributes(span, 9),
    resource,
    links: inner(span, 13).map((link) => `${hex(link, 1)}/${hex(link, 2)}`),
    failed: inner(span, 15).some((status) => status.numbers(3)[0] === STATUS_ERROR),
  };
}

function readAttributes(message: ProtobufMessage, field: number): Record<string, unknown> {
  const pairs = inner(message, field).map((pair): [string, unknown] => {
    const [value] = inner(pair, 2);
    return [pair.bytes(1)[0]?.toString() ?? "", value && readValue(value)];
  });
  return Object.fromEntries(pairs);
}

/** A text or a whole number; ours are no others. */
const readValue = (value: ProtobufMessage): string | number | undefined => {
  const number = value.numbers(3)[0];
  return number === undefined ? value.bytes(1)[0]?.toString() : Number(BigInt.asIntN(64, number));
};
