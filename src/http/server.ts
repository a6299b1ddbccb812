import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import {
  hasZodFastifySchemaValidationErrors,
  serializerCompiler,
  validatorCompiler,
} from "fastify-type-provider-zod";
import { type Sessions } from "../accounts/sessions.ts";
import type { Tokens } from "../accounts/tokens.ts";
import type { Pairings } from "../domain/pairing.ts";
import type { Users } from "../accounts/users.ts";
import type { AuditWay } from "../domain/audit.ts";
import { AppError } from "../domain/errors.ts";
import { JOBSERV_PREFIX } from "../domain/jobserv-prefix.ts";
import type { Logger } from "../lib/logger.ts";
import type { Settings } from "../settings/settings.ts";
import type { Auditor } from "../storage/auditor.ts";
import type { App } from "../usecases/app.ts";
import { createAccessLog } from "./access-log.ts";
import { createAuthenticator } from "./auth.ts";
import { type ClientAddress, createClientAddress } from "./client-address.ts";
import { answerClientError } from "./client-errors.ts";
import { createEventStreams, type EventStreams } from "./event-stream.ts";
import { createFailureLimit } from "./failure-limit.ts";
import { createGate, type Gate, guardRoutes } from "./gate.ts";
import { identityHeaders, newRequestId } from "./identity.ts";
import { createBufferBudget } from "./intake/buffer-budget.ts";
import { createIntake, type Intake, pathOf } from "./intake/intake.ts";
import { createKappTokenCheck } from "./kapp-token.ts";
import { LIMITS } from "./limits.ts";
import { type ListenAddress, listenError, urlOf } from "./listen.ts";
import { registerOpenapi } from "./openapi.ts";
import { PROBLEM_TYPE, problemHeaders, toAppError, toProblem } from "./problems.ts";
import { apiRoutes } from "./routes/api/api.ts";
import { createGuard } from "./routes/api/route.ts";
import { dashboardRoutes } from "./routes/dashboard.ts";
import { healthRoutes } from "./routes/health.ts";
import { jobservRoutes } from "./routes/jobserv.ts";
import { createLoginLimit } from "./login-limit.ts";
import { createDeployFeed, type DeployFeed } from "./routes/nodejitsu/feed.ts";
import { nodejitsuRoutes } from "./routes/nodejitsu/routes.ts";
import { onlyPost, rootRoutes } from "./routes/root.ts";
import { openapiRoute } from "./routes/openapi.ts";
import { trackUnused } from "./unused-connections.ts";

export interface HttpServerOptions {
  readonly app: App;
  /** Those in force; asked again by every request that needs them. */
  readonly settings: () => Settings;
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly users: Users;
  readonly pairings: Pick<Pairings, "pair">;
  readonly logger: Logger;
  readonly auditor: Auditor;
  /** How somebody with a token comes here; default: by the API. */
  readonly way?: AuditWay;
}

export interface HttpServer {
  /** The URL it serves on, without a trailing slash. Rejects with a sentence when the address can't be had. */
  listen(address: ListenAddress): Promise<string>;
  /** Takes nothing new, finishes what is under way within bounds, ends event streams. */
  close(): Promise<void>;
  /** Every method and path that it answers, the sources' apart: `GET /api/v1/tasks/:id`. */
  routes(): Promise<readonly string[]>;
}

/** The whole HTTP side: webhooks on node's own server, everything else through fastify. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { app, settings, logger } = options;
  let draining = false;
  const addressOf = createClientAddress(() => settings().server.trustedProxies);
  const budget = createBufferBudget(() => settings().server.maxBufferedBytes);
  const gate = createGate({ app, settings, addressOf, logger });
  const intake = createIntake({ app, budget, logger, addressOf, gate, draining: () => draining });
  const streams = createEventStreams({ app });
  const feed = createDeployFeed({ app, logger });
  const server = createFastify(options, intake);
  const endUnused = trackUnused(server.server);
  const routes: string[] = [];
  server.addHook("onRoute", ({ method, url }) => {
    routes.push(...[method].flat().map((each) => `${each} ${url}`));
  });
  const ready = register(server, { ...options, streams, feed, addressOf, gate });

  return {
    async listen(address) {
      await ready;
      await server.listen({ host: address.host, port: address.port }).catch((error: unknown) => {
        throw listenError(error, address);
      });
      return urlOf(server.server);
    },
    async close() {
      draining = true;
      streams.close();
      feed.close();
      endUnused();
      const force = setTimeout(() => server.server.closeAllConnections(), LIMITS.closeMs);
      await ready;
      await server.close();
      clearTimeout(force);
    },
    async routes() {
      await ready;
      return routes;
    },
  };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

function createFastify({ settings, logger }: HttpServerOptions, intake: Intake): FastifyInstance {
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
    // A path that can't be decoded: no hook and no handler hears of such a request.
    frameworkErrors(error, request, reply) {
      void setHeaders(request, reply);
      void sendProblem(reply, request, error, logger);
    },
  });
}

interface RegisterOptions extends HttpServerOptions {
  readonly feed: DeployFeed;
  readonly streams: EventStreams;
  readonly addressOf: ClientAddress;
  readonly gate: Gate;
}

async function register(server: FastifyInstance, options: RegisterOptions): Promise<void> {
  const { app, settings, tokens, sessions, logger, streams, addressOf, auditor, way = "api" } = options;
  const failures = createFailureLimit();
  const refusals = createAccessLog(auditor);
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.addHook("onRequest", setHeaders);
  guardRoutes(server, options.gate);
  server.setErrorHandler((error, request, reply) => sendProblem(reply, request, toKnown(error), logger));
  server.setNotFoundHandler((request, reply) => {
    // Of the source that takes every path; those with a path of their own never come here.
    const path = pathOf(request.url);
    const missed = !path.startsWith("/api/") && app.findSource(path) !== null;
    const nothing = `There is nothing at ${request.method} ${request.url}`;
    const error = missed ? onlyPost(reply) : new AppError("request:not_found", nothing);
    return sendProblem(reply, request, error, logger);
  });
  await registerOpenapi(server);
  const authenticator = createAuthenticator({ tokens, sessions, failures, addressOf, refusals, way });
  const guard = createGuard(authenticator);
  const api = { app, tokens, users: options.users, sessions, authenticator, guard, streams, addressOf };
  await server.register(apiRoutes(api), { prefix: "/api/v1" });
  await server.register(jobservRoutes({ app, guard }), { prefix: JOBSERV_PREFIX });
  await server.register(openapiRoute, { prefix: "/api/v1" });
  await server.register(healthRoutes(app));
  await server.register(dashboardRoutes);
  const token = createKappTokenCheck(() => settings().kapp.tokenHash);
  const limit = createLoginLimit(failures);
  const publicUrl = (): string => publicUrlOf(settings());
  const deploy = { app, login: { users: options.users, limit, addressOf, refusals }, logger, publicUrl };
  await server.register(
    rootRoutes({ app, token, failures, addressOf, refusals, logger, deploy, gate: options.gate }),
  );
  await server.register(
    nodejitsuRoutes({
      ...deploy,
      feed: options.feed,
      pairings: options.pairings,
      auditor,
      findUser: (name) => options.users.find(name),
      mayDeploy: (user, name) =>
        settings().deployApps.some((each) => each.name === name && each.users.includes(user)),
    }),
  );
}

const publicUrlOf = ({ server: { publicUrl, host, port } }: Settings): string =>
  publicUrl ?? `http://${host.includes(":") ? `[${host}]` : host}:${port}`;

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
