import type { SourceSettings } from "../settings/settings.ts";
import type { RecoveryState, Store } from "../storage/store.ts";
import type { SourceInfo } from "./app.ts";
import type { Services } from "./services.ts";

/** See App.listSources. */
export async function listSources({ store, settings, refusals }: Services): Promise<readonly SourceInfo[]> {
  await refusals.flush();
  const [counters, states] = await Promise.all([store.counters(), store.recoveryStates()]);
  const entries = Object.values(settings.current().sources);
  const last = await Promise.all(entries.map(({ source }) => lastDelivery(store, source.name)));
  return entries.map((entry, index) => {
    const { name, kind } = entry.source;
    const refused: Record<string, number> = {};
    for (const counter of counters) if (counter.source === name) refused[counter.name] = counter.value;
    return {
      name,
      kind,
      path: entry.path,
      lastDelivery: last[index] ?? null,
      refused,
      recoveries: states.filter((state) => isInForce(state, entry)),
    };
  });
}

async function lastDelivery(store: Store, source: string): Promise<SourceInfo["lastDelivery"]> {
  const { items } = await store.listDeliveries({ source, limit: 1 });
  return items[0] ?? null;
}

/** What is remembered of a webhook that the settings no longer name is kept, but not shown. */
const isInForce = ({ source: name, hook }: RecoveryState, { source, recovery }: SourceSettings): boolean =>
  name === source.name && (recovery?.hooks ?? []).some(({ owner }) => owner === hook);
