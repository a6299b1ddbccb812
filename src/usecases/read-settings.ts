import type { Settings } from "../settings/settings.ts";
import type { ActionInfo, SourceInfo } from "./app.ts";

const byPath = new WeakMap<Settings, ReadonlyMap<string, { name: string; bodyLimit: number }>>();

/** See App.findSource. Asked by every request, so the table is made once per settings. */
export function sourceAt(
  settings: Settings,
  path: string,
): { readonly name: string; readonly bodyLimit: number } | null {
  const table = byPath.get(settings) ?? pathTable(settings);
  byPath.set(settings, table);
  return table.get(path) ?? null;
}

function pathTable({ sources }: Settings): ReadonlyMap<string, { name: string; bodyLimit: number }> {
  return new Map(
    Object.values(sources).map(({ path, source }) => [
      path,
      { name: source.name, bodyLimit: source.bodyLimit },
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
