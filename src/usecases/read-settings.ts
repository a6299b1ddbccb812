import type { Settings } from "../settings/settings.ts";
import type { ActionInfo, FoundSource } from "./app.ts";

interface Entry {
  readonly found: FoundSource;
  readonly secretInPath: boolean;
}

const byPath = new WeakMap<Settings, ReadonlyMap<string, Entry>>();

/** The path of a source that takes every path which nothing else has. */
const ANY_PATH = "/*";

/** See App.findSource. Asked by every request, so the table is made once per settings. */
export function sourceAt(settings: Settings, path: string): FoundSource | null {
  const table = byPath.get(settings) ?? pathTable(settings);
  byPath.set(settings, table);
  return table.get(path)?.found ?? bySecretPath(table, path) ?? table.get(ANY_PATH)?.found ?? null;
}

/** What comes by the deploy API has its own way in. */
function pathTable({ sources }: Settings): ReadonlyMap<string, Entry> {
  return new Map(
    Object.values(sources)
      .filter(({ source }) => source.kind !== "nodejitsu")
      .map(({ path, source }) => {
        const { name, bodyLimit, answers, secretInPath } = source;
        const found = { name, bodyLimit, answers, anyPath: path === ANY_PATH, pathSecret: null };
        return [path, { found, secretInPath }];
      }),
  );
}

/** Found by what stands before the secret, which nobody compares here: only authentication does, in constant time. */
function bySecretPath(table: ReadonlyMap<string, Entry>, path: string): FoundSource | null {
  const end = path.lastIndexOf("/");
  const entry = table.get(path.slice(0, end));
  return entry?.secretInPath === true ? { ...entry.found, pathSecret: path.slice(end + 1) } : null;
}

export function listActions({ actions }: Settings): readonly ActionInfo[] {
  return Object.values(actions).map(({ name, description, params, steps }) => ({
    name,
    description,
    params,
    steps: steps.map((step) => ({ name: step.name, kind: step.kind })),
  }));
}
