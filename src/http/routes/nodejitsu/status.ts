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
  checkScope(apps, app);
  const filter = { user, app, order: "desc", limit, skip } as const;
  const entries = limit === 0 ? [] : await ask(options.app, filter, "status:db:query_fail");
  if (entries.length === 0 && app !== undefined && skip === 0 && limit > 0) {
    throw new AppError("status:db:not_found", `There is no entry of ${app}`);
  }
  const shown = apps === null ? entries : entries.filter((entry) => apps.includes(entry.app));
  return Promise.all(shown.map((entry) => entryToWire({ ...options, docs: "none" }, entry)));
}

/** A token that is good for some apps shows nothing of the others. */
export function checkScope(apps: readonly string[] | null, app: string | undefined): void {
  if (apps === null || app === undefined || apps.includes(app)) return;
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
