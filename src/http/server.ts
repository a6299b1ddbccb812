import type { Server } from "node:http";
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import { type Sessions } from "../accounts/sessions.ts";
import type { Tokens } from "../accounts/tokens.ts";
import type { Pairings } from "../domain/pairing.ts";
import type { Users } from "../accounts/users.ts";
import type { AuditWay } from "../domain/audit.ts";
import { AppError } from "../domain/errors.ts";
import { JOBSERV_PREFIX } from "../domain/jobserv-prefix.ts";
import { isOwnPath } from "../domain/own-paths.ts";
import type { Logger } from "../lib/logger.ts";
import { originOf } from "../lib/origin.ts";
import type { Settings } from "../settings/settings.ts";
import type { Auditor } from "../storage/auditor.ts";
import type { App } from "../usecases/app.ts";
import { createAccessLog } from "./access-log.ts";
import { type AdminDoor, createAdminDoor, withoutAdmin } from "./admin-door.ts";
import type { Meters } from "../usecases/meters.ts";
import { createAuthenticator } from "./auth.ts";
import { type ClientAddress, createClientAddress } from "./client-address.ts";
import { answerClientError } from "./client-errors.ts";
import { createEventStreams, type EventStreams } from "./event-stream.ts";
import { createFailureLimit } from "./failure-limit.ts";
import { createGate, type Gate, guardRoutes } from "./gate.ts";
import { identityHeaders, newRequestId } from "./identity.ts";
import { type BufferBudget, createBufferBudget } from "./intake/buffer-budget.ts";
import { createIntake, type Intake, pathOf } from "./intake/intake.ts";
import { createKappTokenCheck } from "./kapp-token.ts";
import { LIMITS } from "./limits.ts";
import { type ListenAddress, listenError, type Listening, urlOf } from "./listen.ts";
import { createNodeServer, type Handler } from "./node-server.ts";
import { registerOpenapi } from "./openapi.ts";
import { sendProblem, toKnown } from "./reply-problem.ts";
import { apiRoutes } from "./routes/api/api.ts";
import { createGuard } from "./routes/api/route.ts";
import { dashboardRoutes } from "./routes/dashboard.ts";
import { healthRoutes } from "./routes/health.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { jobservRoutes } from "./routes/jobserv.ts";
import { createLoginLimit } from "./login-limit.ts";
import { createDeployFeed, type DeployFeed } from "./routes/nodejitsu/feed.ts";
import { nodejitsuRoutes } from "./routes/nodejitsu/routes.ts";
import { onlyPost, rootRoutes } from "./routes/root.ts";
import { openapiRoute } from "./routes/openapi.ts";
import type { TlsKeeper } from "./tls.ts";
import { createUserLogins } from "./user-login.ts";
import { trackUnused } from "./unused-connections.ts";

export interface HttpServerOptions {
  readonly app: App;
  /** Those in force; asked again by every request that needs them. */
  readonly settings: () => Settings;
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly users: Users;
  readonly pairings: Pick<Pairings, "pair">;
  readonly meters: Pick<Meters, "request" | "text">;
  readonly logger: Logger;
  readonly auditor: Auditor;
  /** How somebody with a token comes here; default: by the API. */
  readonly way?: AuditWay;
  /** Null: plain HTTP. */
  readonly tls: TlsKeeper | null;
}

export interface HttpServer {
  /** Rejects with a sentence when an address can't be had. */
  listen(address: ListenAddress): Promise<Listening>;
  /** Takes nothing new, finishes what is under way within bounds, ends event streams. */
  close(): Promise<void>;
  /** Every method and path that it answers, the sources' apart: `GET /api/v1/tasks/:id`. */
  routes(): Promise<readonly string[]>;
}

/** The whole HTTP side: webhooks on node's own server, everything else through fastify. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { app, settings, logger, meters } = options;
  let draining = false;
  const addressOf = createClientAddress(() => settings().server.trustedProxies);
  const budget = createBufferBudget(() => settings().server.maxBufferedBytes);
  const gate = createGate({ app, settings, addressOf, logger });
  const intake = createIntake({ ...options, budget, addressOf, gate, draining: () => draining });
  const streams = createEventStreams({ app });
  const feed = createDeployFeed({ app, logger });
  const door = createAdminDoor(options);
  const server = createFastify(options, { intake, door });
  server.addHook("onResponse", async ({ method, routeOptions }, { statusCode: status }) => {
    meters.request({ method, route: routeOptions.url ?? "none", status });
  });
  const endUnused = trackUnused(server.server);
  const routes: string[] = [];
  server.addHook("onRoute", ({ method, url }) => {
    routes.push(...[method].flat().map((each) => `${each} ${url}`));
  });
  const ready = register(server, { ...options, streams, feed, addressOf, gate, budget });

  return {
    async listen(address) {
      await ready;
      await server.listen({ host: address.host, port: address.port }).catch((error: unknown) => {
        throw listenError(error, address);
      });
      const url = urlOf(server.server);
      return { url, api: (await door.listen()) ?? url };
    },
    async close() {
      draining = true;
      streams.close();
      feed.close();
      endUnused();
      const force = setTimeout(() => server.server.closeAllConnections(), LIMITS.closeMs);
      await ready;
      await Promise.all([server.close(), door.close()]);
      clearTimeout(force);
    },
    async routes() {
      await ready;
      return routes;
    },
  };
}

function createFastify(
  { settings, logger, tls }: HttpServerOptions,
  { intake, door }: { readonly intake: Intake; readonly door: AdminDoor },
): FastifyInstance {
  const { requestTimeoutMs, admin } = settings().server;
  const serverFactory = (handler: Handler): Server => {
    door.opens(handler);
    const others = admin === null ? handler : withoutAdmin(handler);
    return createNodeServer({
      requestTimeoutMs,
      tls,
      onRequest(request, response) {
        if (!intake(request, response)) others(request, response);
      },
      // Intake looks at the announced length first.
      onContinue(request, response) {
        if (intake(request, response)) return;
        response.writeContinue();
        others(request, response);
      },
    });
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
  readonly budget: BufferBudget;
}

async function register(server: FastifyInstance, options: RegisterOptions): Promise<void> {
  const { app, settings, tokens, sessions, logger, streams, addressOf, auditor, way = "api" } = options;
  const failures = createFailureLimit();
  const refusals = createAccessLog(auditor);
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.addHook("onRequest", setHeaders);
  server.addHook("onRequest", async (_request, reply) => {
    if (settings().server.tls?.hsts === true) reply.header("strict-transport-security", HSTS);
  });
  guardRoutes(server, options.gate);
  server.setErrorHandler((error, request, reply) => sendProblem(reply, request, toKnown(error), logger));
  server.setNotFoundHandler((request, reply) => {
    // Of the source that takes every path; those with a path of their own never come here.
    const path = pathOf(request.url);
    const missed = !isOwnPath(path) && app.findSource(path) !== null;
    const nothing = `There is nothing at ${request.method} ${request.url}`;
    const error = missed ? onlyPost(reply) : new AppError("request:not_found", nothing);
    return sendProblem(reply, request, error, logger);
  });
  await registerOpenapi(server);
  const authenticator = createAuthenticator({
    tokens,
    sessions,
    failures,
    addressOf,
    refusals,
    way,
    reachOf: app.reachOf,
  });
  const guard = createGuard(authenticator);
  const limit = createLoginLimit(failures);
  const logins = createUserLogins({ app, users: options.users, sessions, limit, refusals });
  const api = {
    app,
    tokens,
    users: options.users,
    sessions,
    authenticator,
    guard,
    streams,
    addressOf,
    logins,
  };
  await server.register(apiRoutes(api), { prefix: "/api/v1" });
  await server.register(jobservRoutes({ app, guard }), { prefix: JOBSERV_PREFIX });
  await server.register(openapiRoute, { prefix: "/api/v1" });
  await server.register(healthRoutes(app));
  const metrics = { meters: options.meters, settings: () => settings().metrics, authenticator, addressOf };
  await server.register(metricsRoutes(metrics));
  await server.register(dashboardRoutes);
  const token = createKappTokenCheck(() => settings().kapp.tokenHash);
  const publicUrl = (): string => settings().server.publicUrl ?? originOf(settings().server);
  const deploy = { app, login: { users: options.users, limit, addressOf, refusals }, logger, publicUrl };
  const adminElsewhere = (): boolean => settings().server.admin !== null;
  const { gate, budget } = options;
  await server.register(
    rootRoutes({ app, token, failures, addressOf, refusals, logger, deploy, gate, budget, adminElsewhere }),
  );
  await server.register(
    nodejitsuRoutes({
      ...deploy,
      budget,
      feed: options.feed,
      pairings: options.pairings,
      auditor,
      findUser: (name) => options.users.find(name),
      mayDeploy: (user, name) =>
        settings().deployApps.some((each) => each.name === name && each.users.includes(user)),
    }),
  );
}

/** Half a year: by then a browser has been back, or it does not matter. */
const HSTS = "max-age=15768000";

async function setHeaders(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.headers({
    ...identityHeaders(request.id),
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  });
}
