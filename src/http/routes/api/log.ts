import { purgedSchema } from "../../../client/audit.ts";
import { idParamsSchema, logQuerySchema } from "../../../client/requests.ts";
import { listOf, logEntrySchema } from "../../../client/schemas.ts";
import { logEntryToWire } from "../../wire/task.ts";
import { errors } from "../errors.ts";
import { checkTask } from "./limit.ts";
import { type ApiContext, type ApiServer, askerOf } from "./route.ts";

const tag = "tasks";
const params = idParamsSchema;

export function logRoutes(server: ApiServer, context: ApiContext): void {
  list(server, context);
  purge(server, context);
}

function list(server: ApiServer, context: ApiContext): void {
  const { app, guard } = context;
  const summary = "The task's log, oldest first";
  const about = { id: "listLog", tag, scope: "read", ofApps: true, summary } as const;
  const response = { 200: listOf(logEntrySchema), ...errors };
  server.get(
    "/tasks/:id/log",
    guard(about, { params, querystring: logQuerySchema, response }),
    async (request) => {
      await checkTask(context, request, { scope: about.scope, id: request.params.id });
      const entries = await app.listLog({ taskId: request.params.id, ...request.query });
      return { items: entries.map(logEntryToWire) };
    },
  );
}

function purge(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "purgeLog",
    tag,
    scope: "admin",
    summary: "Removes what an ended task has printed; a notice of it stays in the log",
  } as const;
  const response = { 200: purgedSchema, ...errors };
  server.delete("/tasks/:id/log", guard(about, { params, response }), async (request) => ({
    removed: await app.purgeLog({ ...request.params, ...askerOf(request) }),
  }));
}
