import type { FastifyRequest } from "fastify";
import { allows, type Scope } from "../../../domain/scopes.ts";
import type { Task } from "../../../domain/task.ts";
import type { Reach } from "../../../usecases/reach-of.ts";
import type { Identity } from "../../auth.ts";
import { type ApiContext, identityOf } from "./route.ts";

/** What a request may be about; null: everything, by its scopes. */
export const limitOf = (request: FastifyRequest, scope: Scope): Reach | null =>
  limitOfIdentity(identityOf(request), scope);

export const limitOfIdentity = ({ scopes, reach }: Identity, scope: Scope): Reach | null =>
  allows(scopes, scope) ? null : (reach ?? NOTHING);

const NOTHING: Reach = { apps: [], actions: [] };

type Checker = Pick<ApiContext, "app" | "authenticator">;

interface Limited {
  readonly scope: Scope;
  readonly isTheirs: (reach: Reach) => boolean;
  readonly why: (by: string) => string;
}

function check(
  { authenticator }: Pick<Checker, "authenticator">,
  request: FastifyRequest,
  { scope, isTheirs, why }: Limited,
): void {
  const limit = limitOf(request, scope);
  if (limit === null || isTheirs(limit)) return;
  const identity = identityOf(request);
  throw authenticator.forbid(request, identity, `This needs the scope ${scope}; ${why(identity.by)}`);
}

/** Rejects `auth:forbidden` where the action is none that deploys the user's apps. */
export function checkAction(
  context: Pick<Checker, "authenticator">,
  request: FastifyRequest,
  { scope, action }: { readonly scope: Scope; readonly action: string },
): void {
  const why = (by: string): string => `${by} may see and deploy their own apps only`;
  check(context, request, { scope, isTheirs: ({ actions }) => actions.includes(action), why });
}

/** The same for an app's name. */
export function checkApp(
  context: Pick<Checker, "authenticator">,
  request: FastifyRequest,
  { scope, app }: { readonly scope: Scope; readonly app: string },
): void {
  const why = (by: string): string => `the app is not of ${by}`;
  check(context, request, { scope, isTheirs: ({ apps }) => apps.includes(app), why });
}

/** The same for a task, which is looked up only where that matters. Rejects `task:not_found`. */
export async function checkTask(
  context: Checker,
  request: FastifyRequest,
  { scope, id }: { readonly scope: Scope; readonly id: string },
): Promise<void> {
  if (limitOf(request, scope) === null) return;
  const { action }: Task = await context.app.getTask(id);
  checkAction(context, request, { scope, action });
}
