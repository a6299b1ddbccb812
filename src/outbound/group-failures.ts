import type { Incident, Notice } from "../domain/notice.ts";
import type { IncidentChange } from "../storage/store.ts";
import type { Endpoint } from "./endpoint.ts";
import { wants } from "./wanted.ts";

/** The incidents as they are, and as the notices that have been looked at change them. */
export interface Incidents {
  /** What an endpoint is told of a notice; null: nothing. Notices have to come in their order. */
  tell(endpoint: Endpoint, notice: Notice): Notice | null;
  changes(): readonly IncidentChange[];
}

interface Entry {
  /** The version that is stored; null: there is none. */
  readonly stored: number | null;
  now: Pick<Incident, "failures" | "toldAt"> | null;
  changed: boolean;
}

const keyOf = (endpoint: string, action: string): string => JSON.stringify([endpoint, action]);

export function createIncidents(stored: readonly Incident[]): Incidents {
  const entries = new Map<string, Entry & Pick<Incident, "endpoint" | "action">>();
  for (const { endpoint, action, failures, toldAt, version } of stored) {
    const now = { failures, toldAt };
    entries.set(keyOf(endpoint, action), { endpoint, action, stored: version, now, changed: false });
  }

  function entryOf(endpoint: string, action: string) {
    const key = keyOf(endpoint, action);
    const entry = entries.get(key) ?? { endpoint, action, stored: null, now: null, changed: false };
    entries.set(key, entry);
    return entry;
  }

  function onFailure(endpoint: Endpoint, notice: Notice, groupMs: number): Notice | null {
    const entry = entryOf(endpoint.name, notice.task?.action ?? "");
    const failures = (entry.now?.failures ?? 0) + 1;
    const isQuiet = entry.now !== null && Date.parse(notice.at) - Date.parse(entry.now.toldAt) < groupMs;
    entry.now = { failures, toldAt: isQuiet && entry.now !== null ? entry.now.toldAt : notice.at };
    entry.changed = true;
    return isQuiet ? null : { ...notice, failures };
  }

  function onSuccess(endpoint: Endpoint, notice: Notice): Notice | null {
    const entry = entryOf(endpoint.name, notice.task?.action ?? "");
    const { now } = entry;
    if (now === null) return wants(endpoint, notice.type) ? notice : null;
    entry.now = null;
    entry.changed = true;
    return { ...notice, type: "task.recovered", failures: now.failures };
  }

  return {
    tell(endpoint, notice) {
      const { groupMs } = endpoint;
      const grouped = groupMs !== null && wants(endpoint, "task.failed");
      if (grouped && notice.type === "task.failed") return onFailure(endpoint, notice, groupMs);
      if (grouped && notice.type === "task.completed") return onSuccess(endpoint, notice);
      return wants(endpoint, notice.type) ? notice : null;
    },
    changes: () =>
      [...entries.values()]
        .filter(({ changed, stored: version, now }) => changed && (version !== null || now !== null))
        .map(({ endpoint, action, stored: expected, now: next }) => ({ endpoint, action, expected, next })),
  };
}
