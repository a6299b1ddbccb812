import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "../../domain/errors.ts";
import type { Gate } from "../gate.ts";
import { VERSION } from "../identity.ts";
import { acceptedAnswer, checkHead } from "../intake/intake.ts";
import { plainHeaders } from "../intake/plain-headers.ts";
import { tooLarge } from "../intake/read-body.ts";
import { parseJsonBody } from "../../lib/json-body.ts";
import type { BufferBudget } from "../intake/buffer-budget.ts";
import { takeBodies } from "../take-bodies.ts";
import { answerKapp, type KappOptions, queryOf, type RefusedBody, refuseKapp } from "./kapp.ts";
import { answerDeploy, deployBodyLimit, type DeployOptions } from "./nodejitsu/deploy.ts";
import { sendError } from "./nodejitsu/errors.ts";
import { hasBasic } from "./nodejitsu/login.ts";

export interface RootOptions extends KappOptions {
  readonly deploy: DeployOptions;
  readonly gate: Gate;
  readonly budget: BufferBudget;
  readonly adminElsewhere: () => boolean;
}

/** The APIs that share `POST /`. */
type RootApi = "kapp" | "source" | "deploy";

/**
 * `POST /`, on which older servers had their one endpoint: K-App's API, the deploy API, and the source whose path is `/` or `/*`.
 * Which one a request is for is decided once, by what it looks like; the other one never sees it.
 */
export const rootRoutes =
  (options: RootOptions): FastifyPluginAsync =>
  async (server) => {
    takeBodies(server, {
      budget: options.budget,
      limitOf: (request) =>
        Math.max(rootSource(options)?.bodyLimit ?? 0, deployBodyLimit(options.deploy, request)),
    });
    server.setErrorHandler(async (error, request, reply) => {
      const refusal = refusedBody(error);
      const [only, ...others] = apisOn(options);
      // Everything else is told as on the other paths.
      if (refusal === null || others.length > 0 || only === undefined || only === "source") throw error;
      return only === "kapp" ? refuseKapp(reply, refusal) : sendError(reply, request, error, options.logger);
    });
    server.post("/", { schema: { hide: true } }, async (request, reply) => {
      const api = chooseApi(options, request);
      if (api === "deploy") return answerDeploy(options.deploy, request, reply);
      return api === "kapp" ? answerKapp(options, request, reply) : receive(options, request, reply);
    });
    server.get("/", { schema: { hide: true } }, async (request, reply) => {
      const { action } = queryOf(request);
      if (action !== undefined && options.token.enabled()) return answerKapp(options, request, reply);
      if (rootSource(options) !== null) throw onlyPost(reply);
      reply.type("text/plain; charset=utf-8");
      // The dashboard and the rest are behind a door of their own.
      if (options.adminElsewhere()) return reply.send(NAME);
      if (request.headers.accept?.includes("text/html") === true) return reply.redirect("/ui/");
      return reply.send(GREETING);
    });
  };

const NAME = "Hookwright\n";
const GREETING = `Hookwright ${VERSION}\n\nDashboard: /ui\nAPI: /api/v1/openapi.json\nHealth: /healthz, /readyz\n`;

/** Argo CD sends GET unless told otherwise: a friendly answer would hide that nothing arrives. */
export function onlyPost(reply: FastifyReply): AppError {
  reply.header("allow", "POST");
  return new AppError(
    "request:method",
    "Webhooks are sent here by POST; Argo CD needs `method: POST` in its notification template",
  );
}

const NOT_TAKEN: ReadonlySet<string> = new Set(["body:too_large", "body:timeout", "server:busy"]);

/** Why a body was not taken, or null when the error is none of those. */
function refusedBody(error: unknown): RefusedBody | null {
  if (error instanceof AppError && NOT_TAKEN.has(error.code)) return error;
  if (!(error instanceof Error) || !("code" in error) || !("statusCode" in error)) return null;
  const { code, statusCode: status } = error;
  return String(code).startsWith("FST_ERR_CTP_") && typeof status === "number" ? { status } : null;
}

const rootSource = ({ app }: Pick<KappOptions, "app">): ReturnType<KappOptions["app"]["findSource"]> =>
  app.findSource("/");

/** By structure and the way to authenticate, as the table in docs/continuous-deployment.md has it. */
function chooseApi(options: RootOptions, request: FastifyRequest): RootApi {
  const on = apisOn(options);
  const [only, ...others] = on;
  if (only === undefined) {
    throw new AppError(
      "request:not_found",
      "Nothing is received here: there is no TOKEN_HASH, no source with the path /, and no app under deploy.apps",
    );
  }
  if (others.length === 0) return only;
  const found = apiByShape(request);
  if (found !== null && on.includes(found)) return found;
  throw new AppError("request:invalid", `This is taken here: ${on.map((api) => TAKEN[api]).join("; ")}`);
}

function apisOn(options: RootOptions): readonly RootApi[] {
  const on = {
    kapp: options.token.enabled(),
    source: rootSource(options) !== null,
    deploy: options.app.deploys(),
  };
  return APIS.filter((api) => on[api]);
}

const APIS = ["kapp", "source", "deploy"] as const;
const TAKEN: Readonly<Record<RootApi, string>> = {
  kapp: "JSON {action, token, …} (K-App)",
  source: "JSON {app, status, revision} or {event_type, client_payload} (Argo CD)",
  deploy: "a push of GitHub or a build of Travis CI, with Basic credentials (deploy)",
};

/**
 * K-App's requests have `action` or `token`, in the body or the query; reports of health have their own keys. What has both
 * is K-App's when it brings K-App's way to authenticate, a `token`. Pushes and builds are deploys, and so is what is none of
 * those but brings Basic credentials. Null: nobody's.
 */
function apiByShape(request: FastifyRequest): RootApi | null {
  const query = queryOf(request);
  const body = jsonOf(request);
  const has = (...keys: readonly string[]): boolean => keys.every((key) => isObject(body) && key in body);
  const kapp = has("action") || has("token") || "action" in query || "token" in query;
  const report = has("event_type", "client_payload") || has("app", "status", "revision");
  if (kapp && report) return has("token") || "token" in query ? "kapp" : "source";
  if (has("repository") && (has("ref", "after") || has("matrix") || has("status_message"))) return "deploy";
  if (kapp) return "kapp";
  if (report) return "source";
  return hasBasic(request) ? "deploy" : null;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Also of a form with a field `payload`; null for what is none. */
function jsonOf({ body, headers }: FastifyRequest): unknown {
  if (!Buffer.isBuffer(body)) return null;
  const parsed = parseJsonBody({ body, contentType: headers["content-type"] });
  return parsed.ok ? parsed.value : null;
}

async function receive(
  options: RootOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const source = rootSource(options);
  if (source === null) throw new AppError("request:not_found");
  checkHead(request.raw, source.bodyLimit);
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  if (body.length > source.bodyLimit) throw tooLarge(source.bodyLimit);
  const entered = options.gate.enter(request.raw, source.name, request.id);
  const received = await options.app.receiveDelivery({
    source: source.name,
    request: {
      headers: plainHeaders(request.headers),
      body,
      peer: request.raw.socket.remoteAddress ?? null,
    },
    remoteAddress: options.addressOf(request.raw),
    requestId: request.id,
  });
  entered.proved();
  const { status, headers, body: text } = acceptedAnswer(received, request.id);
  return reply.code(status).headers(headers).send(text);
}
