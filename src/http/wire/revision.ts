import type { RevisionRollbackWire, RevisionWire } from "../../client/schemas.ts";
import type { Revision } from "../../usecases/list-revisions.ts";
import type { RevisionRollback } from "../../usecases/roll-back-revision.ts";
import { startedToWire } from "./delivery.ts";

export const revisionToWire = (revision: Revision): RevisionWire => ({
  source: revision.source,
  app: revision.app,
  revision: revision.revision,
  state: revision.type === "healthy" ? "healthy" : "rolled_back",
  target: revision.target,
  vain: revision.vain,
  current: revision.current,
  at: revision.at,
  delivery_id: revision.deliveryId,
});

export const rollbackToWire = (rollback: RevisionRollback): RevisionRollbackWire => ({
  source: rollback.source,
  app: rollback.app,
  from: rollback.from,
  to: rollback.to,
  actions: [...rollback.actions],
  delivery: rollback.deliveryId,
  tasks: rollback.tasks.map(startedToWire),
});
