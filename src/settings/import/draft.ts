import { escapeVariables } from "../environment-values.ts";
import { isOwnPath } from "../../domain/own-paths.ts";

/** Gathers the settings that a conversion makes, and what is to be said about it. */
export interface Draft {
  /** A sentence on what could not be carried over, or is different now; one line, whatever the file's names hold. */
  note(sentence: string): void;
  /** Takes a name like the given one, allowed here and not yet taken. */
  name(given: string): string;
  listen(address: string): void;
  addSource(source: DraftSource): void;
  addAction(name: string, action: Readonly<Record<string, unknown>>): void;
  readonly notes: readonly string[];
  settings(): Readonly<Record<string, unknown>>;
}

export interface DraftSource {
  readonly name: string;
  /** URL path that it was received on. */
  readonly path: string;
  /** Its keys, but for the path. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export function createDraft(): Draft {
  const notes = new Set<string>();
  const names = new Set<string>();
  const paths = new Set<string>();
  const sources: Record<string, unknown> = {};
  const actions: Record<string, unknown> = {};
  let server: Record<string, unknown> = {};

  function note(sentence: string): void {
    notes.add(sentence.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " "));
  }

  function pathOf(name: string, wanted: string): string {
    const allowed = /^\/[A-Za-z0-9._~/-]+$/.test(wanted) && !isOwnPath(wanted) && !paths.has(wanted);
    const path = allowed ? wanted : firstFree(`/hooks/${name}`, paths);
    paths.add(path);
    if (path !== wanted)
      note(`source ${name}: it can't be received on ${wanted} here; give the sender the path ${path}`);
    return path;
  }

  return {
    note,
    name(given) {
      const plain = given
        .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
        .replace(/^[^A-Za-z0-9]+/, "")
        .slice(0, 50);
      const name = firstFree(plain === "" ? "entry" : plain, names);
      names.add(name);
      if (name !== given) note(`${JSON.stringify(given)} is called ${name} here`);
      return name;
    },
    listen(address) {
      server = { listen: escapeVariables(address) };
    },
    addSource({ name, path, settings: { kind, ...rest } }) {
      sources[name] = { kind, path: pathOf(name, path), ...rest };
    },
    addAction(name, action) {
      actions[name] = action;
    },
    get notes() {
      return [...notes];
    },
    settings: () => ({ server, sources, actions }),
  };
}

function firstFree(wanted: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? wanted : `${wanted}-${count}`;
    if (!taken.has(candidate)) return candidate;
  }
}
