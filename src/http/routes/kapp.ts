import { STATUS_CODES } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Asker, UNKNOWN } from "../../domain/audit.ts";
import { AppError } from "../../domain/errors.ts";
import { type Reporter, type Task, toReporter } from "../../domain/task.ts";
import type { Logger } from "../../lib/logger.ts";
import type { App } from "../../usecases/app.ts";
import type { AccessLog } from "../access-log.ts";
import type { ClientAddress } from "../client-address.ts";
import type { FailureLimit } from "../failure-limit.ts";
import { noteProved } from "../gate.ts";
import type { KappTokenCheck } from "../kapp-token.ts";
import { LIMITS } from "../limits.ts";

export interface KappOptions {
  readonly app: App;
  readonly token: KappTokenCheck;
  readonly failures: FailureLimit;
  readonly addressOf: ClientAddress;
  readonly refusals: AccessLog;
  readonly logger: Logger;
}

type Fields = Readonly<Record<string, unknown>>;

/** An answer as K-App's server gave them: JSON (errors are a JSON string), a status text, or Express' error page. */
interface Answer {
  readonly status: number;
  readonly json?: Reporter | string;
  readonly page?: boolean;
  /** Seconds. */
  readonly retryAfter?: number | undefined;
}

/**
 * The API of K-Fet's webhooks-deploy: one endpoint, `POST /`, with `action`, `token` and the action's params in the body
 * or the query (which wins). Its order of checks: JSON, token, action. See root.ts for how a request gets here.
 */
export async function answerKapp(
  options: KappOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  return sendAnswer(reply, await answer(options, request));
}

export type RefusedBody = Pick<Answer, "status" | "retryAfter">;

/** Express' page for a body that was not taken. */
export const refuseKapp = (reply: FastifyReply, { status, retryAfter }: RefusedBody): FastifyReply =>
  sendAnswer(reply, { status, retryAfter, page: true });

function sendAnswer(reply: FastifyReply, { status, json, page = false, retryAfter }: Answer): FastifyReply {
  reply.code(status);
  if (retryAfter !== undefined) reply.header("retry-after", Math.ceil(retryAfter));
  if (json !== undefined) return reply.type("application/json; charset=utf-8").send(JSON.stringify(json));
  const text = STATUS_CODES[status] ?? String(status);
  if (!page) return reply.type("text/plain; charset=utf-8").send(text);
  reply.header("content-security-policy", "default-src 'none'");
  return reply.type("text/html; charset=utf-8").send(errorPage(text));
}

/** As Express wrote it in production. */
const errorPage = (text: string): string =>
  `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n<body>\n<pre>${text}</pre>\n</body>\n</html>\n`;

async function answer(options: KappOptions, request: FastifyRequest): Promise<Answer> {
  if (sizeOf(request) > LIMITS.kappBodyBytes) return { status: 413, page: true };
  const fields = fieldsOf(request);
  if (fields === null) return { status: 400, page: true };
  try {
    const place = { way: "kapp", address: options.addressOf(request.raw) } as const;
    const asker = { by: "kapp", place };
    await checkToken(options, request, asker, fields["token"]);
    return await dispatch(options.app, asker, fields);
  } catch (error) {
    return failure(error, fields, options.logger.child({ requestId: request.id }));
  }
}

/** The body's members, overlaid by the query's; null when the body is malformed JSON. Any other content type counts as empty. */
function fieldsOf(request: FastifyRequest): Fields | null {
  const query = queryOf(request);
  const isJson = /^application\/json\s*(?:;|$)/i.test(request.headers["content-type"] ?? "");
  if (!isJson || !Buffer.isBuffer(request.body) || request.body.length === 0) return query;
  try {
    const body: unknown = JSON.parse(request.body.toString("utf8"));
    // As Express' strict mode: only an object or a list is JSON here.
    if (typeof body !== "object" || body === null) return null;
    return { ...body, ...query };
  } catch {
    return null;
  }
}

const sizeOf = ({ body }: FastifyRequest): number => (Buffer.isBuffer(body) ? body.length : 0);

export const queryOf = ({ query }: FastifyRequest): Fields =>
  typeof query === "object" && query !== null ? { ...query } : {};

async function checkToken(
  { token: check, failures, refusals }: KappOptions,
  request: FastifyRequest,
  asker: Required<Asker>,
  token: unknown,
): Promise<void> {
  if (typeof token !== "string" || token === "") throw new AppError("auth:missing");
  const { place } = asker;
  await refusals.ofLogin({ by: UNKNOWN, place }, async () => {
    const succeeded = failures.attempt(place?.address ?? null);
    if (!(await check.verify(token))) throw new AppError("auth:bad_credentials");
    succeeded();
  });
  noteProved(request);
}

async function dispatch(app: App, asker: Asker, fields: Fields): Promise<Answer> {
  const { action } = fields;
  if (typeof action !== "string" || action === "") return { status: 400 };
  if (action === "follow-action") return follow(app, fields);
  if (action === "cancel-action") return cancel(app, asker, fields);
  const info = app.listActions().find(({ name }) => name === action);
  if (info === undefined) return { status: 404 };
  const params: Record<string, string> = {};
  for (const [name, spec] of Object.entries(info.params)) {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (typeof value === "string") params[name] = value;
    else if (spec.required || value !== undefined) return notAString(name, value);
  }
  const started = await app.startAction({ ...asker, action, params, precheck: true });
  const task = await app.getTask(started.id);
  return { status: 200, json: report(asAccepted(task)) };
}

/** As the original answered, also where the task has begun meanwhile. */
const asAccepted = (task: Task): Task => ({
  ...task,
  state: "ENQUEUED",
  outcome: null,
  reason: null,
  progress: 0,
  startedAt: null,
  endedAt: null,
  steps: [],
});

const notAString = (name: string, value: unknown): Answer => ({
  status: 400,
  json: `${name} field must be a string, received ${typeof value}`,
});

async function follow(app: App, { id }: Fields): Promise<Answer> {
  if (typeof id !== "string") return notAString("id", id);
  return { status: 200, json: report(await app.getTask(id)) };
}

async function cancel(app: App, asker: Asker, { id }: Fields): Promise<Answer> {
  if (typeof id !== "string") return notAString("id", id);
  return { status: 200, json: report(await app.cancelTask({ ...asker, id })) };
}

/** The reporter, its metadata filled with what K-App's states can't say. */
function report(task: Task): Reporter {
  const { action, params, outcome, reason, position } = task;
  const step = task.steps.find(({ state }) => state === "running")?.name ?? null;
  return toReporter({
    ...task,
    metadata: { action, params, outcome, reason, position, step, ...task.metadata },
  });
}

/** Errors as the original meant them: its status, and a JSON string that says what was wrong. */
function failure(error: unknown, { id }: Fields, logger: Logger): Answer {
  if (!(error instanceof AppError)) {
    logger.error({ err: error }, "A K-App request failed");
    return { status: 500 };
  }
  const { status, retryAfter } = error;
  switch (error.code) {
    case "auth:missing":
    case "auth:bad_credentials":
      return { status: 403 };
    case "task:not_found":
      return { status: 400, json: `Could not find id ${String(id)}` };
    case "task:not_cancellable":
      return { status: 400, json: `Task can't be cancelled. (status: ${String(error.details["state"])})` };
    // The commit may not be deployed: nothing has been started.
    case "step:failed":
      return { status: 400, json: error.message };
    case "params:invalid":
    case "task:rejected":
      return { status, json: error.message };
    default:
      return { status, retryAfter };
  }
}
