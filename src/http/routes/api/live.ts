import { z } from "zod";
import { liveQuerySchema } from "../../../client/requests.ts";
import { errors } from "../errors.ts";
import { lastEventId } from "../last-event-id.ts";
import type { ApiContext, ApiServer } from "./route.ts";
import { streamReader } from "./stream-reader.ts";

export function liveRoutes(server: ApiServer, context: ApiContext): void {
  const { guard, streams } = context;
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
      const { sees, admit, admitAgain } = streamReader(context, request, about);
      await admit(log);
      await streams.live({
        reply,
        log: log === undefined ? null : { taskId: log, after: lastEventId(request) ?? after },
        sees,
        check: () => admitAgain(log),
      });
      return reply;
    },
  );
}
