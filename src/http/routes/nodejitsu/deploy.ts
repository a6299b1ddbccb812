import type { FastifyReply, FastifyRequest } from "fastify";
import { DEPLOY_BODY_BYTES, type DeployEntry } from "../../../domain/deploy.ts";
import { AppError, type ErrorCode, ERRORS } from "../../../domain/errors.ts";
import { parseDuration } from "../../../lib/duration.ts";
import type { Logger } from "../../../lib/logger.ts";
import type { App, Deployed } from "../../../usecases/app.ts";
import { noteProved } from "../../gate.ts";
import { plainHeaders } from "../../intake/plain-headers.ts";
import { LIMITS } from "../../limits.ts";
import { freeBody } from "../../take-bodies.ts";
import { sendError } from "./errors.ts";
import { hasBasic, login, type LoginOptions } from "./login.ts";

export interface DeployOptions {
  readonly app: App;
  readonly login: LoginOptions;
  readonly logger: Logger;
  readonly publicUrl: () => string;
}

/** Who brings neither credentials nor a signature is refused in any case, and need not be read for long. */
export const deployBodyLimit = ({ app }: Pick<DeployOptions, "app">, request: FastifyRequest): number =>
  app.deploys() && (hasBasic(request) || isSigned(request)) ? DEPLOY_BODY_BYTES : LIMITS.rootBodyBytes;

const isSigned = ({ headers }: FastifyRequest): boolean => headers["signature"] !== undefined;

/**
 * `POST /1/deploy`, and `POST /` where root.ts hands it here: stores, then answers 200. Whoever is no sender of webhooks is
 * answered when the deployment has ended, as by the older server, with its code and status where it failed; `?wait=0` is
 * against that, `?wait=60s` for it.
 */
export async function answerDeploy(
  options: DeployOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  try {
    const patience = patienceOf(request);
    const deployed = await run(options, request);
    const isGone = (): boolean => reply.raw.destroyed;
    const entry = patience.ms === 0 ? null : await ended(options.app, deployed, { ...patience, isGone });
    return await reply.code(statusOf(entry)).send(answer(options, request, deployed, entry));
  } catch (error) {
    return sendError(reply, request, renamed(error), options.logger);
  }
}

async function run({ app, login: how, logger }: DeployOptions, request: FastifyRequest): Promise<Deployed> {
  if (!app.deploys())
    throw new AppError("request:not_found", "The deploy API is off: the settings name no deploy.apps");
  // A signed report of Travis CI comes without credentials.
  const signed = !hasBasic(request) && isSigned(request);
  const who = signed ? null : await login(how, request);
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const deployed = await app.deploy({
    login: who,
    request: { headers: plainHeaders(request.headers), body },
    uuid: request.id,
    remoteAddress: how.addressOf(request.raw),
  });
  noteProved(request);
  // It is stored; the answer may take as long as the deployment.
  freeBody(request);
  const about = { requestId: request.id, delivery: deployed.deliveryId, app: deployed.app };
  logger.info({ ...about, user: who?.user ?? null }, "Took a deploy");
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

interface Patience {
  readonly ms: number;
  /** Also for tasks that wait for somebody: an approval, tests, the end of a freeze. */
  readonly forHeld: boolean;
}

const ON = new Set(["", "true", "1"]);
const OFF = new Set(["false", "0"]);

function patienceOf(request: FastifyRequest): Patience {
  const { query } = request;
  const given = typeof query === "object" && query !== null && "wait" in query ? query.wait : undefined;
  if (given === undefined) {
    return { ms: sendsWebhooks(request) ? 0 : LIMITS.deployWaitMs, forHeld: false };
  }
  const text = typeof given === "string" ? given : "";
  const ms = OFF.has(text) ? 0 : ON.has(text) ? LIMITS.deployWaitMs : parseDuration(text);
  if (ms === null) throw new AppError("request:invalid", "`wait` is a duration such as 60s, or true, or 0");
  return { ms: Math.min(ms, LIMITS.deployWaitMs), forHeld: true };
}

const LOOK_MS = 100;

/** GitHub and Travis CI give up after 10 seconds, and nobody reads what they are answered. */
const sendsWebhooks = ({ headers, body }: FastifyRequest): boolean =>
  ["x-github-event", "signature", "travis-repo-slug"].some((name) => headers[name] !== undefined) ||
  /^github/i.test(headers["user-agent"] ?? "") ||
  (Buffer.isBuffer(body) && FORM.test(body.subarray(0, 512).toString("latin1")));

/** As both of them send it. */
const FORM = /(?:^|&)payload=/;

interface Waiting extends Patience {
  /** Nobody is there any more to be answered. */
  readonly isGone: () => boolean;
}

/** The entry of how it ended; null when the time was up before. */
async function ended(
  app: App,
  { deliveryId, tasks }: Deployed,
  { ms, forHeld, isGone }: Waiting,
): Promise<DeployEntry | null> {
  const until = Date.now() + ms;
  for (;;) {
    const entries = await app.listDeployEntries({ deliveryId, order: "desc", limit: 1 });
    const [entry] = entries;
    if (tasks.length === 0 || (entry !== undefined && entry.status !== "pending")) return entry ?? null;
    if (Date.now() >= until || isGone() || (!forHeld && (await isHeld(app, deliveryId)))) return null;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Whether something has to happen first that may take days. */
async function isHeld(app: App, deliveryId: string): Promise<boolean> {
  const { items } = await app.listTasks({ deliveryId, state: "ENQUEUED", limit: 10 });
  return items.some(({ hold }) => hold !== null && !SHORT_HOLDS.has(hold.type));
}

const SHORT_HOLDS: ReadonlySet<string> = new Set(["quiet", "travis_check"]);

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
    // As the entry has it: package.json may have told another name by its end.
    app_name: entry?.app ?? app,
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
