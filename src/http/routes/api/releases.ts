import { z } from "zod";
import { releaseQuerySchema, rollbackRequestSchema } from "../../../client/requests.ts";
import { listOf, releaseSchema, startedTaskSchema } from "../../../client/schemas.ts";
import { startedToWire } from "../../wire/delivery.ts";
import { releasesToWire } from "../../wire/release.ts";
import { errors } from "../errors.ts";
import { checkApp, limitOf } from "./limit.ts";
import { type ApiContext, type ApiServer, askerOf } from "./route.ts";

const tag = "releases";

export function releaseRoutes(server: ApiServer, context: ApiContext): void {
  list(server, context);
  rollBack(server, context);
}

function list(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "listReleases",
    tag,
    scope: "read",
    ofApps: true,
    summary: "Lists the releases of one app, or of all, newest first",
  } as const;
  const response = { 200: listOf(releaseSchema), ...errors };
  server.get("/releases", guard(about, { querystring: releaseQuerySchema, response }), async (request) => {
    const limit = limitOf(request, about.scope);
    const found = await app.listReleases(request.query);
    const theirs = found.filter((release) => limit === null || limit.apps.includes(release.app));
    return { items: releasesToWire(theirs) };
  });
}

function rollBack(server: ApiServer, context: ApiContext): void {
  const { app, guard } = context;
  const about = {
    id: "rollBackApp",
    tag,
    scope: "deploy",
    ofApps: true,
    summary: "Goes back to an older release, on each machine that has the app",
  } as const;
  const params = z.object({ app: z.string().max(200) });
  const response = { 202: listOf(startedTaskSchema), ...errors };
  server.post(
    "/apps/:app/rollback",
    guard(about, { params, body: rollbackRequestSchema, response }),
    async (request, reply) => {
      checkApp(context, request, { scope: about.scope, app: request.params.app });
      const { release, cancel } = request.body;
      const input = { app: request.params.app, release, cancel, ...askerOf(request) };
      const tasks = await app.rollBackApp(input);
      return reply.code(202).send({ items: tasks.map(startedToWire) });
    },
  );
}
