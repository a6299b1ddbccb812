import { z } from "zod";
import { liveQuerySchema } from "../../../client/requests.ts";
import type { Task } from "../../../domain/task.ts";
import { errors } from "../errors.ts";
import { lastEventId } from "../last-event-id.ts";
import { limitOfIdentity } from "./limit.ts";
import { type ApiContext, type ApiServer, identityOf } from "./route.ts";

export function liveRoutes(server: ApiServer, { app, guard, authenticator, streams }: ApiContext): void {
  const about = {
    id: "live",
    tag: "tasks",
    scope: "read",
    ofApps: true,
    summary:
      "Server-sent events without an end: `ready`, `task` for each task that changed, `changed` for what to look at again, and `log` of the task that `log` names",
  } as const;
  const stream = {
    description: "Events until the connection breaks; after that, read the lists again once `ready` has come",
    content: { "text/event-stream": { schema: z.string() } },
  };
  server.get(
    "/events",
    guard(about, { querystring: liveQuerySchema, response: { 200: stream, ...errors } }),
    async (request, reply) => {
      const { log, after = 0 } = request.query;
      let identity = identityOf(request);
      const sees = ({ action }: Task): boolean =>
        limitOfIdentity(identity, about.scope)?.actions.includes(action) ?? true;
      const checkLog = async (): Promise<void> => {
        if (log === undefined || sees(await app.getTask(log))) return;
        const message = `This needs the scope ${about.scope}; ${identity.by} may see their own apps only`;
        throw authenticator.forbid(request, identity, message);
      };
      await checkLog();
      await streams.live({
        reply,
        log: log === undefined ? null : { taskId: log, after: lastEventId(request) ?? after },
        sees,
        // What they may has perhaps changed meanwhile.
        check: async () => {
          identity = await authenticator.authenticate(request, about.scope, about);
          await checkLog();
        },
      });
      return reply;
    },
  );
}
