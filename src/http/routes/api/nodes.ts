import { listOf, nodeSchema, type NodeWire } from "../../../client/schemas.ts";
import type { NodeInfo } from "../../../storage/store.ts";
import { errors } from "../errors.ts";
import type { ApiContext, ApiServer } from "./route.ts";

export function nodeRoutes(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "listNodes",
    tag: "nodes",
    scope: "read",
    summary: "The servers on this store, newest first; lost ones for a day",
  } as const;
  const response = { 200: listOf(nodeSchema), ...errors };
  server.get("/nodes", guard(about, { response }), async () => ({
    items: (await app.listNodes()).map(nodeToWire),
  }));
}

const nodeToWire = ({ startedAt, seenAt, labels, roles, ...rest }: NodeInfo): NodeWire => ({
  ...rest,
  labels: [...labels],
  roles: [...roles],
  started_at: startedAt,
  seen_at: seenAt,
});
