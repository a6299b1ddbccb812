import type { FastifyRequest } from "fastify";
import type { Task } from "../../../domain/task.ts";
import { limitOfIdentity } from "./limit.ts";
import { type ApiContext, identityOf, type RouteAbout } from "./route.ts";

/** Who reads a stream: what they may has perhaps changed since it began. */
export interface StreamReader {
  readonly sees: (task: Pick<Task, "action">) => boolean;
  /** Rejects `auth:forbidden` where they may not see the task `taskId`, if any, and `task:not_found`. */
  readonly admit: (taskId: string | undefined) => Promise<void>;
  /** The same, by what they may now. Rejects `auth:*` also. */
  readonly admitAgain: (taskId: string | undefined) => Promise<void>;
}

export function streamReader(
  { app, authenticator }: Pick<ApiContext, "app" | "authenticator">,
  request: FastifyRequest,
  about: RouteAbout,
): StreamReader {
  let identity = identityOf(request);
  const sees: StreamReader["sees"] = ({ action }) =>
    limitOfIdentity(identity, about.scope)?.actions.includes(action) ?? true;
  const admit: StreamReader["admit"] = async (taskId) => {
    if (taskId === undefined || sees(await app.getTask(taskId))) return;
    const message = `This needs the scope ${about.scope}; ${identity.by} may see their own apps only`;
    throw authenticator.forbid(request, identity, message);
  };
  return {
    sees,
    admit,
    async admitAgain(taskId) {
      identity = await authenticator.authenticate(request, about.scope, about);
      await admit(taskId);
    },
  };
}
