import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { DeployEntry } from "../../../domain/deploy.ts";
import { AppError, type ErrorCode } from "../../../domain/errors.ts";
import type { Logger } from "../../../lib/logger.ts";
import type { App, DeployFilter } from "../../../usecases/app.ts";
import { entryToWire } from "./entries.ts";
import { sendError } from "./errors.ts";
import { loginAs, type LoginOptions } from "./login.ts";

export interface StatusOptions {
  readonly app: App;
  readonly login: LoginOptions;
  readonly logger: Logger;
  readonly publicUrl: () => string;
}

const paramsSchema = z.object({ user: z.string().max(200), application: z.string().max(214).optional() });
const number = z.coerce.number().int().min(0).max(1_000_000);
const querySchema = z.object({ limit: number.max(500).default(50), skip: number.default(0) });

/** `GET /1/status/:user/webhooks[/:application]`: what became of deploys, newest first. */
export function statusRoutes(server: FastifyInstance, options: StatusOptions): void {
  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    try {
      return await reply.send(await list(options, request));
    } catch (error) {
      return sendError(reply, request, error, options.logger);
    }
  };
  server.get("/1/status/:user/webhooks", { schema: { hide: true } }, handle);
  server.get("/1/status/:user/webhooks/:application", { schema: { hide: true } }, handle);
}

async function list(options: StatusOptions, request: FastifyRequest): Promise<unknown> {
  const { user, application: app } = paramsSchema.parse(request.params);
  const { apps } = await loginAs(options.login, request, user);
  const query = querySchema.safeParse(request.query);
  if (!query.success) throw new AppError("request:invalid", z.prettifyError(query.error));
  const { limit, skip } = query.data;
  const filter = { user, app, apps: apps ?? undefined, order: "desc", limit, skip } as const;
  // By its name in package.json it may be one that the token is good for, too.
  if (app !== undefined && apps?.includes(app) === false) {
    const [own] = await ask(options.app, { ...filter, limit: 1, skip: 0 }, "status:db:query_fail");
    checkScope(apps, own?.deployApp ?? app);
  }
  const entries = limit === 0 ? [] : await ask(options.app, filter, "status:db:query_fail");
  if (entries.length === 0 && app !== undefined && skip === 0 && limit > 0) {
    throw new AppError("status:db:not_found", `There is no entry of ${app}`);
  }
  return Promise.all(entries.map((entry) => entryToWire({ ...options, docs: "none" }, entry)));
}

/** A token that is good for some apps shows nothing of the others. */
export function checkScope(apps: readonly string[] | null, app: string): void {
  if (apps === null || apps.includes(app)) return;
  throw new AppError("mw:auth:not_you", `The token is not good for ${app}`);
}

/** Any failure of the store, by the name that this API has for it. */
export async function ask(app: App, filter: DeployFilter, code: ErrorCode): Promise<readonly DeployEntry[]> {
  try {
    return await app.listDeployEntries(filter);
  } catch (error) {
    throw new AppError(code, "The store could not be asked; try again", { cause: error });
  }
}
