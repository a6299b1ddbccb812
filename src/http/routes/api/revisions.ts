import { revisionQuerySchema, revisionRollbackRequestSchema } from "../../../client/requests.ts";
import { listOf, revisionRollbackSchema, revisionSchema } from "../../../client/schemas.ts";
import { revisionToWire, rollbackToWire } from "../../wire/revision.ts";
import { errors } from "../errors.ts";
import { type ApiContext, type ApiServer, askerOf } from "./route.ts";

const tag = "revisions";

export function revisionRoutes(server: ApiServer, context: ApiContext): void {
  list(server, context);
  rollBack(server, context);
}

function list(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "listRevisions",
    tag,
    scope: "read",
    summary: "Lists what is remembered of the health of applications, newest first within each",
  } as const;
  const response = { 200: listOf(revisionSchema), ...errors };
  server.get(
    "/revisions",
    guard(about, { querystring: revisionQuerySchema, response }),
    async ({ query }) => ({
      items: (await app.listRevisions(query)).map(revisionToWire),
    }),
  );
}

function rollBack(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "rollBackRevision",
    tag,
    scope: "deploy",
    summary:
      "Starts what a Degraded report of the application would start; with `dry_run` only says where it would go",
  } as const;
  const schema = {
    body: revisionRollbackRequestSchema,
    response: { 200: revisionRollbackSchema, 202: revisionRollbackSchema, ...errors },
  };
  server.post("/revisions/rollback", guard(about, schema), async (request, reply) => {
    const { dry_run: dryRun, ...rest } = request.body;
    const rollback = await app.rollBackRevision({ ...rest, dryRun, ...askerOf(request) });
    return reply.code(dryRun ? 200 : 202).send(rollbackToWire(rollback));
  });
}
