import { pruneRequestSchema } from "../../../client/requests.ts";
import { type PrunedWire, prunedSchema } from "../../../client/schemas.ts";
import type { Pruned } from "../../../usecases/app.ts";
import { errors } from "../errors.ts";
import { type ApiContext, type ApiServer, askerOf } from "./route.ts";

export function storeRoutes(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "prune",
    tag: "store",
    scope: "admin",
    summary:
      "Removes what `retention` does not keep, for some seconds; to be repeated while `next` is not null",
  } as const;
  const response = { 200: prunedSchema, ...errors };
  server.post("/prune", guard(about, { body: pruneRequestSchema, response }), async (request) => {
    const { dry_run: dryRun, from } = request.body;
    return prunedToWire(await app.prune({ dryRun, from, ...askerOf(request) }));
  });
}

const prunedToWire = ({ logEntries, auditEvents, ...rest }: Pruned): PrunedWire => ({
  ...rest,
  log_entries: logEntries,
  audit_events: auditEvents,
});
