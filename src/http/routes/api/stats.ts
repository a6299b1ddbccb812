import { statsQuerySchema } from "../../../client/requests.ts";
import { listOf, sourceStatsSchema, taskStatsSchema } from "../../../client/schemas.ts";
import { errors } from "../errors.ts";
import type { ApiContext, ApiServer } from "./route.ts";

const tag = "stats";

export function statsRoutes(server: ApiServer, context: ApiContext): void {
  tasks(server, context);
  sources(server, context);
}

function tasks(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "taskStats",
    tag,
    scope: "read",
    summary: "How many tasks ended in each hour and how, and how long those took that succeeded",
  } as const;
  const response = { 200: taskStatsSchema, ...errors };
  server.get("/stats/tasks", guard(about, { querystring: statsQuerySchema, response }), async (request) => {
    const { since, hours, succeeded } = await app.taskStats(request.query.days);
    return {
      since,
      hours: [...hours],
      succeeded: succeeded && {
        tasks: succeeded.tasks,
        total_ms: { ...succeeded.total },
        waited_ms: { ...succeeded.waited },
      },
    };
  });
}

function sources(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "sourceStats",
    tag,
    scope: "read",
    summary: "What came from each source among the last 10,000 deliveries",
  } as const;
  const response = { 200: listOf(sourceStatsSchema), ...errors };
  server.get("/stats/sources", guard(about, { response }), async () => ({
    items: (await app.sourceStats()).map(({ lastAt, ...rest }) => ({ ...rest, last_at: lastAt })),
  }));
}
