import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "../../domain/errors.ts";
import { isOwnPath } from "../../domain/own-paths.ts";
import type { Logger } from "../../lib/logger.ts";
import type { App, FoundSource, ReceivedDelivery } from "../../usecases/app.ts";
import type { Meters } from "../../usecases/meters.ts";
import type { ClientAddress } from "../client-address.ts";
import type { Gate } from "../gate.ts";
import { identityHeaders, newRequestId } from "../identity.ts";
import { LIMITS } from "../limits.ts";
import { toAppError } from "../problems.ts";
import { receivedToWire } from "../wire/delivery.ts";
import { type Answer, problemAnswer, send, sendEarly } from "./answer.ts";
import type { BufferBudget } from "./buffer-budget.ts";
import { acceptedInWords, refusedInWords } from "./own-words.ts";
import { plainHeaders, queryOf } from "./plain-headers.ts";
import { checkAnnounced, readBody } from "./read-body.ts";

export interface IntakeOptions {
  readonly app: App;
  readonly budget: BufferBudget;
  readonly logger: Logger;
  readonly addressOf: ClientAddress;
  readonly gate: Gate;
  readonly meters: Pick<Meters, "request">;
  /** True once the server is closing: nothing new is taken. */
  readonly draining: () => boolean;
}

/** Takes a request if its path is a source's. False: it is for somebody else, and untouched. */
export type Intake = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * The way in for webhooks. It works on node's own request, before the web framework: this is the hot path, every header
 * and byte of which costs throughput.
 */
export function createIntake(options: IntakeOptions): Intake {
  return (request, response) => {
    const path = pathOf(request.url);
    if (path === "/" || isOwnPath(path)) return false;
    const source = options.app.findSource(path);
    if (source === null || (source.anyPath && request.method !== "POST")) return false;
    void answerDelivery(options, { request, response, source });
    return true;
  };
}

export function pathOf(url = "/"): string {
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly source: FoundSource;
}

/** Never rejects: whatever happens becomes the answer. */
async function answerDelivery(options: IntakeOptions, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const requestId = newRequestId();
  try {
    const answer = await receive(options, exchange, requestId);
    if (options.draining()) response.setHeader("connection", "close");
    send(response, answer);
    count(options, request, answer);
  } catch (error) {
    if (error === null || response.destroyed) return;
    const known = toAppError(error, { logger: options.logger, requestId });
    const answer = refusedInWords(problemAnswer(known, requestId), { ...exchange, error: known });
    if (request.method !== "POST") response.setHeader("allow", "POST");
    if (request.complete) send(response, answer);
    else sendEarly(request, response, answer);
    count(options, request, answer);
  }
}

function count({ meters }: IntakeOptions, { method = "" }: IncomingMessage, { status }: Answer): void {
  meters.request({ method, route: "webhook", status });
}

async function receive(options: IntakeOptions, exchange: Exchange, requestId: string): Promise<Answer> {
  const { request, source } = exchange;
  if (options.draining())
    throw new AppError("server:draining", undefined, { retryAfter: LIMITS.retryAfterSeconds });
  // Before a byte of the body is read.
  const entered = options.gate.enter(request, source.name, requestId);
  try {
    const received = await take(options, exchange, requestId);
    entered.proved();
    return acceptedInWords(acceptedAnswer(received, requestId), source);
  } catch (error) {
    if (isAuthentic(error)) entered.proved();
    throw error;
  }
}

async function take(
  { app, budget, addressOf }: IntakeOptions,
  { request, response, source }: Exchange,
  requestId: string,
): Promise<ReceivedDelivery> {
  checkHead(request, source.bodyLimit);
  if (request.headers.expect !== undefined) response.writeContinue();
  const remoteAddress = addressOf(request);
  const { body, release } = await readBody(request, { limit: source.bodyLimit, budget });
  try {
    return await app.receiveDelivery({
      source: source.name,
      request: {
        headers: { ...plainHeaders(request.headers), ...queryOf(request.url) },
        body,
        pathSecret: source.pathSecret,
        peer: request.socket.remoteAddress ?? null,
      },
      remoteAddress,
      requestId,
    });
  } finally {
    release();
  }
}

/** Whether what went wrong with a webhook did so after it was found authentic. */
const isAuthentic = (error: unknown): boolean =>
  error instanceof AppError && (error.code.startsWith("store:") || "delivery_id" in error.details);

/** What can be refused before a byte of the body has been read. */
export function checkHead(request: IncomingMessage, limit: number): void {
  if (request.method !== "POST") throw new AppError("request:method", "Webhooks are sent here by POST");
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    throw new AppError(
      "body:unsupported",
      `A body with content-encoding ${encoding} is not taken; send it plain`,
    );
  }
  checkAnnounced(request, limit);
}

/** 202, also for a repeated delivery, which is answered as the first was; 200 for a connection test. */
export function acceptedAnswer(received: ReceivedDelivery, requestId: string): Answer {
  return {
    status: received.ping ? 200 : 202,
    headers: {
      ...identityHeaders(requestId),
      "content-type": "application/json; charset=utf-8",
      location: `/api/v1/deliveries/${received.deliveryId}`,
    },
    body: JSON.stringify(receivedToWire(received)),
  };
}
