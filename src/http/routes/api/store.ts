import { pruneRequestSchema } from "../../../client/requests.ts";
import { type PrunedWire, prunedSchema } from "../../../client/schemas.ts";
import type { Pruned } from "../../../usecases/app.ts";
import { errors } from "../errors.ts";
import type { ApiContext, ApiServer } from "./route.ts";

export function storeRoutes(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "prune",
    tag: "store",
    scope: "admin",
    summary:
      "Removes what `retention` does not keep, for some seconds; to be repeated while `next` is not null",
  } as const;
  const response = { 200: prunedSchema, ...errors };
  server.post("/prune", guard(about, { body: pruneRequestSchema, response }), async ({ body }) =>
    prunedToWire(await app.prune({ dryRun: body.dry_run, from: body.from })),
  );
}

const prunedToWire = ({ logEntries, ...rest }: Pruned): PrunedWire => ({ ...rest, log_entries: logEntries });
