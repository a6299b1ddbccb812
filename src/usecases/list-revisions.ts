import type { HealthEntry } from "../domain/rollback.ts";
import type { Services } from "./services.ts";

export interface RevisionFilter {
  readonly app?: string | undefined;
  readonly source?: string | undefined;
}

/** One thing that is remembered of an application. */
export interface Revision extends HealthEntry {
  readonly source: string;
  /** Empty: the source stands for one application. */
  readonly app: string;
  /** The newest that was reported healthy, or rolled back from. */
  readonly current: boolean;
}

/** See App.listRevisions. Newest first within each application. */
export async function listRevisions(
  { store }: Pick<Services, "store">,
  { app, source }: RevisionFilter,
): Promise<readonly Revision[]> {
  const apps = (await store.healthApps())
    .filter((each) => source === undefined || each.source === source)
    .filter((each) => app === undefined || each.app === app || (each.app === "" && each.source === app));
  const found: Revision[] = [];
  for (const each of apps) {
    const history = await store.healthHistory(each);
    found.push(...history.map((entry, index) => ({ ...entry, ...each, current: index === 0 })));
  }
  return found;
}
