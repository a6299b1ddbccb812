import type { Settings } from "../settings/settings.ts";
import type { ActionInfo, FoundSource, SourceInfo } from "./app.ts";

const byPath = new WeakMap<Settings, ReadonlyMap<string, FoundSource>>();

/** The path of a source that takes every path which nothing else has. */
const ANY_PATH = "/*";

/** See App.findSource. Asked by every request, so the table is made once per settings. */
export function sourceAt(settings: Settings, path: string): FoundSource | null {
  const table = byPath.get(settings) ?? pathTable(settings);
  byPath.set(settings, table);
  return table.get(path) ?? table.get(ANY_PATH) ?? null;
}

function pathTable({ sources }: Settings): ReadonlyMap<string, FoundSource> {
  return new Map(
    Object.values(sources).map(({ path, source }) => [
      path,
      { name: source.name, bodyLimit: source.bodyLimit, anyPath: path === ANY_PATH, answers: source.answers },
    ]),
  );
}

export function listActions({ actions }: Settings): readonly ActionInfo[] {
  return Object.values(actions).map(({ name, description, params, steps }) => ({
    name,
    description,
    params,
    steps: steps.map((step) => ({ name: step.name, kind: step.kind })),
  }));
}

export function listSources({ sources }: Settings): readonly SourceInfo[] {
  return Object.values(sources).map(({ path, source }) => ({
    name: source.name,
    kind: source.kind,
    path,
  }));
}
