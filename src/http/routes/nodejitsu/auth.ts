import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Pairings } from "../../../domain/pairing.ts";
import type { User } from "../../../domain/user.ts";
import { AppError } from "../../../domain/errors.ts";
import type { Auditor } from "../../../storage/auditor.ts";
import { parseJsonBody } from "../../../lib/json-body.ts";
import { sendError } from "./errors.ts";
import { login } from "./login.ts";
import type { StatusOptions } from "./status.ts";

export interface AuthOptions extends StatusOptions {
  readonly pairings: Pick<Pairings, "pair">;
  readonly auditor: Pick<Auditor, "attempt" | "done">;
  readonly findUser: (name: string) => Promise<User | null>;
  /** Whether the user may deploy the app. */
  readonly mayDeploy: (user: string, app: string) => boolean;
}

const querySchema = z.object({ app: z.string().min(1).max(214).optional() });
const bodySchema = z.object({ credentials: z.string().min(1) });

/** Of GitHub's tokens, old and new (https://github.blog/engineering/behind-githubs-new-authentication-token-formats/). */
const TOKEN = /^(?:gh[pousr]_\w{4,255}|github_pat_\w{4,255}|[0-9a-f]{40})$/;

/** `POST /1/auth/github[?app=]`: keeps a token of GitHub for what the user deploys. */
export function authRoute(server: FastifyInstance, options: AuthOptions): void {
  server.post("/1/auth/github", { schema: { hide: true } }, async (request, reply) => {
    try {
      const { user, app } = await pair(options, request);
      return await reply.send({ ok: true, user, app, uuid: request.id });
    } catch (error) {
      return sendError(reply, request, error, options.logger);
    }
  });
}

async function pair(
  options: AuthOptions,
  request: FastifyRequest,
): Promise<{ readonly user: string; readonly app: string | null }> {
  const { user, apps } = await login(options.login, request);
  const { app = null } = querySchema.parse(request.query);
  const allowed =
    app === null ? apps === null : options.mayDeploy(user, app) && (apps === null || apps.includes(app));
  if (!allowed)
    throw new AppError(
      "mw:auth:not_you",
      `You may not pair ${app ?? "all of your apps"} with these credentials`,
    );
  const given = credentialsOf(request);
  const known = await options.findUser(user).catch((error: unknown) => {
    throw new AppError("auth:github:get_user_failed", "Your record could not be read; try again", {
      cause: error,
    });
  });
  if (known === null) throw new AppError("auth:github:get_user_failed", "Your record is not there any more");
  const place = { way: "nodejitsu", address: options.login.addressOf(request.raw) } as const;
  const audit = {
    asker: { by: `user:${user}`, place },
    action: "user.pair",
    target: `user:${user}`,
    details: { app, github: given.login },
  } as const;
  await options.auditor.attempt(audit, () => options.pairings.pair({ user, app, ...given }));
  await options.auditor.done(audit);
  return { user, app };
}

function credentialsOf({ body, headers }: FastifyRequest): {
  readonly login: string;
  readonly token: string;
} {
  const parsed = parseJsonBody({
    body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
    contentType: headers["content-type"],
  });
  const found = bodySchema.safeParse(parsed.ok ? parsed.value : null);
  if (!found.success) {
    throw new AppError("auth:github:no_credentials", 'Send JSON: {"credentials":"githubUser:token"}');
  }
  const { credentials } = found.data;
  const colon = credentials.indexOf(":");
  const token = credentials.slice(colon + 1);
  if (colon < 1 || token === "")
    throw new AppError("auth:github:bad_credentials", "Give credentials as githubUser:token");
  if (!TOKEN.test(token)) {
    throw new AppError(
      "auth:github:bad_credentials",
      "GitHub takes no passwords any more: make a personal access token at https://github.com/settings/tokens and give that",
    );
  }
  return { login: credentials.slice(0, colon), token };
}
