import type { FastifyReply, FastifyRequest } from "fastify";
import type { DeployEntry } from "../../../domain/deploy.ts";
import { AppError, type ErrorCode, ERRORS } from "../../../domain/errors.ts";
import { parseDuration } from "../../../lib/duration.ts";
import type { Logger } from "../../../lib/logger.ts";
import type { App, Deployed } from "../../../usecases/app.ts";
import { noteProved } from "../../gate.ts";
import { plainHeaders } from "../../intake/plain-headers.ts";
import { LIMITS } from "../../limits.ts";
import { sendError } from "./errors.ts";
import { hasBasic, login, type LoginOptions } from "./login.ts";

export interface DeployOptions {
  readonly app: App;
  readonly login: LoginOptions;
  readonly logger: Logger;
  readonly publicUrl: () => string;
}

/**
 * `POST /1/deploy`, and `POST /` where root.ts hands it here: stores, then answers 200. With `?wait=60s` the answer comes
 * when the deployment has ended, with its code and status where it failed.
 */
export async function answerDeploy(
  options: DeployOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  try {
    const waitMs = waitOf(request);
    const deployed = await run(options, request);
    const entry = waitMs === 0 ? null : await ended(options.app, deployed, waitMs);
    return await reply.code(statusOf(entry)).send(answer(options, request, deployed, entry));
  } catch (error) {
    return sendError(reply, request, renamed(error), options.logger);
  }
}

async function run({ app, login: how }: DeployOptions, request: FastifyRequest): Promise<Deployed> {
  if (!app.deploys())
    throw new AppError("request:not_found", "The deploy API is off: the settings name no deploy.apps");
  // A signed report of Travis CI comes without credentials.
  const signed = !hasBasic(request) && request.headers["signature"] !== undefined;
  const who = signed ? null : await login(how, request);
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const deployed = await app.deploy({
    login: who,
    request: { headers: plainHeaders(request.headers), body },
    uuid: request.id,
    remoteAddress: how.addressOf(request.raw),
  });
  noteProved(request);
  return deployed;
}

const RENAMED: Readonly<Record<string, ErrorCode>> = {
  "mw:auth:unauthorized": "deploy:auth:bad_creds",
  "mw:auth:no_username": "deploy:auth:bad_creds",
  "mw:auth:auth_server_down": "deploy:db:failed_to_store_payload",
  "store:unavailable": "deploy:db:failed_to_store_payload",
  "store:conflict": "deploy:db:failed_to_store_payload",
  "source:keys": "deploy:auth:bad_creds",
};

function renamed(error: unknown): unknown {
  const code = error instanceof AppError ? RENAMED[error.code] : undefined;
  if (!(error instanceof AppError) || code === undefined) return error;
  return new AppError(code, error.message, { cause: error });
}

const ON = new Set(["", "true", "1"]);

/** Milliseconds. */
function waitOf({ query }: FastifyRequest): number {
  const given = typeof query === "object" && query !== null && "wait" in query ? query.wait : undefined;
  if (given === undefined) return 0;
  const text = typeof given === "string" ? given : "";
  const ms = ON.has(text) ? LIMITS.deployWaitMs : parseDuration(text);
  if (ms === null) throw new AppError("request:invalid", "`wait` is a duration such as 60s, or true");
  return Math.min(ms, LIMITS.deployWaitMs);
}

const LOOK_MS = 100;

/** The entry of how it ended; null when the time was up before. */
async function ended(app: App, { deliveryId, tasks }: Deployed, waitMs: number): Promise<DeployEntry | null> {
  const until = Date.now() + waitMs;
  for (;;) {
    const entries = await app.listDeployEntries({ deliveryId, order: "desc", limit: 1 });
    const [entry] = entries;
    if (tasks.length === 0 || (entry !== undefined && entry.status !== "pending")) return entry ?? null;
    if (Date.now() >= until) return null;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Of a code of the deploy API. */
export function statusOf(entry: Pick<DeployEntry, "status" | "error"> | null): number {
  if (entry === null || entry.status !== "error") return 200;
  const { error } = entry;
  if (error?.startsWith("deploy:tar:") === true) return ERRORS["deploy:tar:failed"][0];
  return isCode(error) ? ERRORS[error][0] : ERRORS["deploy:nodejitsu:start_app"][0];
}

const isCode = (code: string | null): code is ErrorCode => code !== null && Object.hasOwn(ERRORS, code);

function answer(
  { publicUrl }: DeployOptions,
  { id: uuid }: FastifyRequest,
  deployed: Deployed,
  entry: DeployEntry | null,
) {
  const { app, provider, commit, deliveryId, duplicate, tasks, reasons } = deployed;
  const status = entry?.status ?? (tasks.length === 0 ? "ignored" : "pending");
  return {
    ok: status !== "error",
    ...(status === "error" && { error: entry?.error, reason: entry?.reason }),
    uuid,
    app_name: app,
    status,
    provider,
    commit,
    delivery: deliveryId,
    duplicate,
    tasks: tasks.map(({ id, action }) => ({ id, action, link: `${publicUrl()}/api/v1/tasks/${id}` })),
    ...(reasons.length > 0 && {
      reasons: reasons.map(({ action, explanation }) => ({ action, explanation })),
    }),
  };
}
