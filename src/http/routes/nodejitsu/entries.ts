import type { DeployEntry } from "../../../domain/deploy.ts";
import type { App, DeployDoc } from "../../../usecases/app.ts";

/** How much of an entry is shown: `auto` shows everything about errors, and what is short about the rest. */
export type Docs = "none" | "all" | "auto";

export interface EntryOptions {
  readonly app: Pick<App, "deployDoc">;
  readonly publicUrl: () => string;
  readonly docs: Docs;
}

/** An entry as this API shows it. `id` is a URL, as it was with the older server; `seq` is where to go on from. */
export async function entryToWire({ app, publicUrl, docs }: EntryOptions, entry: DeployEntry) {
  const { user, id, status, error, reason } = entry;
  return {
    id: `${publicUrl()}/1/status/${encodeURIComponent(user)}/changes/${id}`,
    seq: entry.seq,
    app_name: entry.app,
    uuid: entry.uuid,
    status,
    provider: entry.provider,
    commit: entry.commit,
    created_at: entry.createdAt,
    ...(status === "error" && { error, reason }),
    ...(docs !== "none" && { doc: docOf(await app.deployDoc(entry), entry, docs) }),
  };
}

function docOf({ tasks }: DeployDoc, entry: DeployEntry, docs: Docs) {
  const full = docs === "all" || entry.status === "error";
  return {
    _id: entry.id,
    deploy: entry.deployId,
    delivery: entry.deliveryId,
    status: entry.status,
    tasks: tasks.map(({ task, log }) => ({
      id: task.id,
      action: task.action,
      state: task.state,
      outcome: task.outcome,
      reason: task.reason,
      ...(full && { started_at: task.startedAt, ended_at: task.endedAt, log }),
    })),
  };
}
