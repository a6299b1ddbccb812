import {
  fastify,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import { z } from "zod";
import { AppError } from "../domain/errors.ts";
import { newId } from "../lib/ids.ts";
import type { Logger } from "../lib/logger.ts";
import { EXACT, FORMAT_HEADER } from "./delivery.ts";
import { keptHeaders } from "./headers.ts";
import { RELAY_LIMITS } from "./limits.ts";
import { createReaders, type Readers } from "./readers.ts";
import { notFound, type RelayStore } from "./store.ts";
import { messageOf } from "../lib/message-of.ts";

export interface RelayOptions {
  readonly store: RelayStore;
  readonly logger: Logger;
  /** Largest body of a webhook, in bytes. */
  readonly maxBodyBytes: number;
  /** Request headers that are kept beside those of known senders, lower-case. */
  readonly keepHeaders?: readonly string[];
  readonly now?: () => Date;
  /** Instead of those in limits.ts. */
  readonly limits?: Partial<Record<"readers" | "window" | "pingMs" | "slowReaderMs" | "receiving", number>>;
}

export interface Relay {
  /** Resolves with the URL, without a trailing slash. Rejects `server:listen`. */
  listen(address: { readonly host: string; readonly port: number }): Promise<string>;
  /** Takes nothing new, ends what is under way. */
  close(): Promise<void>;
}

/** Takes webhooks for servers that can't be reached, and keeps each until a reader of its channel has taken it. */
export function createRelay(options: RelayOptions): Relay {
  const { store, now = () => new Date(), limits = {} } = options;
  const readers = createReaders({ store, now, limits });
  const server = fastify({
    bodyLimit: options.maxBodyBytes,
    requestTimeout: RELAY_LIMITS.requestMs,
    http: {
      headersTimeout: RELAY_LIMITS.headersMs,
      maxHeaderSize: RELAY_LIMITS.headerBytes,
      joinDuplicateHeaders: true,
    },
    exposeHeadRoutes: false,
    forceCloseConnections: "idle",
    return503OnClosing: false,
  });
  // Signatures are over the bytes as they came.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  server.setErrorHandler((error, _request, reply) => sendError(reply, error, options.logger));
  server.setNotFoundHandler(() => {
    throw new AppError("request:not_found", "Webhooks go to /CHANNEL");
  });
  register(server, { ...options, readers, now });
  return {
    async listen({ host, port }) {
      return server.listen({ host, port }).catch((error: unknown) => {
        const reason = messageOf(error);
        throw new AppError("server:listen", `Can't listen on ${host}:${port}: ${reason}`, { cause: error });
      });
    },
    async close() {
      readers.close();
      const force = setTimeout(() => server.server.closeAllConnections(), RELAY_LIMITS.closeMs);
      await server.close();
      clearTimeout(force);
    },
  };
}

interface Parts extends RelayOptions {
  readonly readers: Readers;
  readonly now: () => Date;
}

const params = z.object({ channel: z.string() });

function register(server: FastifyInstance, parts: Parts): void {
  server.get("/healthz", async () => ({ status: "ok", readers: parts.readers.count }));
  receiveRoute(server, parts);
  readRoute(server, parts);
  acknowledgeRoute(server, parts);
}

/** Stored, then answered. */
function receiveRoute(server: FastifyInstance, parts: Parts): void {
  const {
    store,
    readers,
    keepHeaders = [],
    now,
    maxBodyBytes,
    limits: { receiving = RELAY_LIMITS.receiving } = {},
  } = parts;
  let underWay = 0;
  let bytes = 0;
  // Before the body: who knows no channel shall not fill the memory.
  const onRequest = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { channel } = params.parse(request.params);
    if (store.channel(channel) === null) throw notFound(channel);
    const announced = Number(request.headers["content-length"] ?? maxBodyBytes);
    const size = Math.min(Number.isSafeInteger(announced) ? announced : maxBodyBytes, maxBodyBytes);
    if (underWay >= receiving || (underWay > 0 && bytes + size > RELAY_LIMITS.receivingBytes)) {
      throw new AppError("server:busy", undefined, { retryAfter: 5 });
    }
    underWay += 1;
    bytes += size;
    reply.raw.once("close", () => {
      underWay -= 1;
      bytes -= size;
    });
  };
  server.post("/:channel", { onRequest }, async (request, reply) => {
    const { channel } = params.parse(request.params);
    const [, query = ""] = /\?(.*)$/.exec(request.url) ?? [];
    const stored = store.put(channel, {
      id: newId(),
      receivedAt: now().toISOString(),
      query,
      headers: keptHeaders(request.headers, keepHeaders),
      body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    });
    readers.wake(channel);
    return reply.code(202).send({ id: stored.id });
  });
}

/** `Last-Event-ID`: a reader that lost its connection goes on after what it has dealt with. */
function readRoute(server: FastifyInstance, { store, readers }: Parts): void {
  server.get("/:channel", async (request, reply) => {
    const { channel } = params.parse(request.params);
    checkReader(store, request, channel);
    if (!(request.headers.accept ?? "").includes("text/event-stream")) {
      throw new AppError("request:invalid", "This is a stream: send Accept: text/event-stream");
    }
    const after = Number(request.headers["last-event-id"] ?? "");
    reply.hijack();
    const response = reply.raw.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      // nginx would hold the lines back otherwise.
      "x-accel-buffering": "no",
    });
    response.flushHeaders();
    await readers.read({
      channel,
      exact: request.headers[FORMAT_HEADER] === EXACT,
      // A number that has never been given out is of another database.
      after: Number.isSafeInteger(after) && after <= store.latest() ? after : 0,
      response,
    });
  });
}

const acknowledgement = z.object({
  seq: z.int().min(1),
  status: z.int().min(100).max(599).describe("What the reader's own server answered"),
});

function acknowledgeRoute(server: FastifyInstance, { store, readers, now, logger }: Parts): void {
  server.post("/:channel/ack", { bodyLimit: RELAY_LIMITS.ackBytes }, async (request, reply) => {
    const { channel } = params.parse(request.params);
    checkReader(store, request, channel);
    const text = Buffer.isBuffer(request.body) ? request.body.toString("utf8") : "";
    const parsed = acknowledgement.safeParse(parseJson(text));
    if (!parsed.success) throw new AppError("request:invalid", "Expected JSON with seq and status");
    const { seq, status } = parsed.data;
    const settled = store.settle({ channel, seq, status, now: now() });
    readers.acknowledged(channel, seq);
    if (settled && status >= 300) logger.warn({ channel, seq, status }, "A delivery was refused for good");
    return reply.code(204).send();
  });
}

/** Whether there is such a channel is nothing for who may not read it. */
function checkReader(store: RelayStore, request: FastifyRequest, channel: string): void {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (store.mayRead(channel, token ?? null)) return;
  throw new AppError(token === undefined ? "auth:missing" : "auth:bad_credentials");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const OF_FRAMEWORK: Readonly<Record<string, AppError["code"]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "body:too_large",
};

function sendError(reply: FastifyReply, error: unknown, logger: Logger): FastifyReply {
  const known = toAppError(error);
  if (known.status >= 500) logger.warn({ err: error }, "A request failed");
  if (known.retryAfter !== undefined) reply.header("retry-after", String(known.retryAfter));
  return reply.code(known.status).send({ code: known.code, detail: known.message });
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { code = "", statusCode = 500 } = error instanceof Error ? (error as Partial<FastifyError>) : {};
  const known = OF_FRAMEWORK[code];
  if (known !== undefined) return new AppError(known);
  if (statusCode < 500) return new AppError("request:invalid");
  return code.startsWith("SQLITE")
    ? new AppError("store:unavailable", undefined, { retryAfter: 5 })
    : new AppError("internal");
}
