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

/** Rejects `auth:forbidden` where the action is none that deploys the user's apps. */
export function checkAction(
  { authenticator }: Pick<Checker, "authenticator">,
  request: FastifyRequest,
  { scope, action }: { readonly scope: Scope; readonly action: string },
): void {
  const limit = limitOf(request, scope);
  if (limit === null || limit.actions.includes(action)) return;
  const identity = identityOf(request);
  const message = `This needs the scope ${scope}; ${identity.by} may see and deploy their own apps only`;
  throw authenticator.forbid(request, identity, message);
}

/** The same for an app's name. */
export function checkApp(
  { authenticator }: Pick<Checker, "authenticator">,
  request: FastifyRequest,
  { scope, app }: { readonly scope: Scope; readonly app: string },
): void {
  const limit = limitOf(request, scope);
  if (limit === null || limit.apps.includes(app)) return;
  const identity = identityOf(request);
  throw authenticator.forbid(
    request,
    identity,
    `This needs the scope ${scope}; the app is not of ${identity.by}`,
  );
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
