import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import swagger from "@fastify/swagger";
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import {
  hasZodFastifySchemaValidationErrors,
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import type { Tokens } from "../accounts/tokens.ts";
import { AppError, type ErrorCode } from "../domain/errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { Settings } from "../settings/settings.ts";
import type { App } from "../usecases/app.ts";
import { createAuthenticator } from "./auth.ts";
import { createEventStreams } from "./event-stream.ts";
import { createFailureLimit } from "./failure-limit.ts";
import { identityHeaders, newRequestId, VERSION } from "./identity.ts";
import { createBufferBudget } from "./intake/buffer-budget.ts";
import { createIntake } from "./intake/intake.ts";
import { createKappTokenCheck } from "./kapp-token.ts";
import { LIMITS } from "./limits.ts";
import { PROBLEM_TYPE, problemHeaders, toAppError, toProblem } from "./problems.ts";
import { apiRoutes } from "./routes/api.ts";
import { healthRoutes } from "./routes/health.ts";
import { kappRoutes } from "./routes/kapp.ts";
import { trackUnused } from "./unused-connections.ts";

export interface HttpServerOptions {
  readonly app: App;
  /** Those in force; asked again by every request that needs them. */
  readonly settings: () => Settings;
  readonly tokens: Tokens;
  readonly logger: Logger;
}

export interface HttpServer {
  /** The URL it serves on, without a trailing slash. Rejects with a sentence when the address can't be had. */
  listen(address: { readonly host: string; readonly port: number }): Promise<string>;
  /** Takes nothing new, finishes what is under way within bounds, ends event streams. */
  close(): Promise<void>;
  /** The OpenAPI document of our API. */
  openapi(): Promise<unknown>;
}

/** The whole HTTP side: webhooks on node's own server, everything else through fastify. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { app, settings, logger } = options;
  let draining = false;
  const budget = createBufferBudget(() => settings().server.maxBufferedBytes);
  const intake = createIntake({ app, budget, logger, draining: () => draining });
  const streams = createEventStreams(app);
  const server = createFastify(options, intake);
  const endUnused = trackUnused(server.server);
  const ready = register(server, { ...options, streams });

  return {
    async listen(address) {
      await ready;
      await server.listen(address).catch((error: unknown) => {
        throw listenError(error, address);
      });
      return urlOf(server.server);
    },
    async close() {
      draining = true;
      streams.close();
      endUnused();
      const force = setTimeout(() => server.server.closeAllConnections(), LIMITS.closeMs);
      await ready;
      await server.close();
      clearTimeout(force);
    },
    async openapi() {
      await ready;
      await server.ready();
      return server.swagger();
    },
  };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

function createFastify(
  { settings }: HttpServerOptions,
  intake: (request: IncomingMessage, response: ServerResponse) => boolean,
): FastifyInstance {
  const { requestTimeoutMs } = settings().server;
  const serverFactory = (handler: Handler): Server => {
    const server = createServer(
      {
        requestTimeout: requestTimeoutMs,
        headersTimeout: Math.min(LIMITS.headersMs, requestTimeoutMs),
        connectionsCheckingInterval: Math.min(LIMITS.timeoutCheckMs, Math.max(50, requestTimeoutMs / 4)),
        keepAliveTimeout: LIMITS.keepAliveMs,
        maxHeaderSize: LIMITS.headerBytes,
        // A header that is sent twice must not be dropped in silence.
        joinDuplicateHeaders: true,
      },
      (request, response) => {
        if (!intake(request, response)) handler(request, response);
      },
    );
    // The sender asks before it sends its body: intake looks at the announced length first.
    server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
      if (intake(request, response)) return;
      response.writeContinue();
      handler(request, response);
    });
    return server;
  };
  return fastify({
    serverFactory,
    genReqId: newRequestId,
    bodyLimit: LIMITS.apiBodyBytes,
    forceCloseConnections: "idle",
    return503OnClosing: false,
    exposeHeadRoutes: false,
    clientErrorHandler: answerClientError,
  });
}

interface RegisterOptions extends HttpServerOptions {
  readonly streams: ReturnType<typeof createEventStreams>;
}

async function register(server: FastifyInstance, options: RegisterOptions): Promise<void> {
  const { app, settings, tokens, logger, streams } = options;
  const failures = createFailureLimit();
  const typed = server.withTypeProvider<ZodTypeProvider>();
  typed.setValidatorCompiler(validatorCompiler);
  typed.setSerializerCompiler(serializerCompiler);
  server.addHook("onRequest", setHeaders);
  server.setErrorHandler((error, request, reply) => sendProblem(reply, request, toKnown(error), logger));
  server.setNotFoundHandler((request, reply) => {
    const error = new AppError("request:not_found", `There is nothing at ${request.method} ${request.url}`);
    return sendProblem(reply, request, error, logger);
  });
  await server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Hookwright", version: VERSION },
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  const authenticator = createAuthenticator({ tokens, failures });
  await server.register(apiRoutes({ app, tokens, authenticator, streams }), { prefix: "/api/v1" });
  await server.register(healthRoutes(app));
  const token = createKappTokenCheck(() => settings().kapp.tokenHash);
  await server.register(kappRoutes({ app, token, failures }));
  server.get("/api/v1/openapi.json", { schema: { hide: true } }, async () => server.swagger());
}

async function setHeaders(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.headers({
    ...identityHeaders(request.id),
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  });
}

function sendProblem(
  reply: FastifyReply,
  request: FastifyRequest,
  error: unknown,
  logger: Logger,
): FastifyReply {
  const known = toAppError(error, { logger, requestId: request.id });
  return reply
    .code(known.status)
    .headers(problemHeaders(known))
    .type(PROBLEM_TYPE)
    .serializer(JSON.stringify)
    .send(toProblem(known, request.id));
}

/** A request that does not fit its route's schema: every fault with its place. */
function toKnown(error: unknown): unknown {
  if (!hasZodFastifySchemaValidationErrors(error)) return error;
  const problems = error.validation.map(({ instancePath, message }) => {
    const where = instancePath.replaceAll("/", ".").replace(/^\./, "");
    return `${where === "" ? (error.validationContext ?? "request") : where}: ${message ?? "not valid"}`;
  });
  return new AppError("request:invalid", problems.join("; "), { details: { problems }, cause: error });
}

const CLIENT_ERRORS: Readonly<Record<string, { readonly code: ErrorCode; readonly detail: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { code: "body:timeout", detail: "The request did not arrive in time" },
  HPE_HEADER_OVERFLOW: { code: "request:invalid", detail: "The headers are too large" },
};

/** For what is not even HTTP, or comes too slowly: there is no request to answer, only a connection. */
function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  const { code, detail } = CLIENT_ERRORS[error.code ?? ""] ?? {
    code: "request:invalid",
    detail: "This is no valid HTTP",
  };
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const id = newRequestId();
  const known = new AppError(code, detail);
  const body = JSON.stringify(toProblem(known, id));
  const headers = { ...identityHeaders(id), "content-type": PROBLEM_TYPE, connection: "close" };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${known.status} ${known.title}\r\n${lines.join("")}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error("the server does not listen on a port");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

const LISTEN_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program uses that port; stop it, or set server.listen",
  EACCES: "this account may not use that port; take one above 1023",
  EADDRNOTAVAIL: "this machine has no such address",
};

function listenError(error: unknown, { host, port }: { host: string; port: number }): Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = LISTEN_REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return new AppError("server:listen", `Can't listen on ${host}:${port}: ${reason}`, { cause: error });
}
