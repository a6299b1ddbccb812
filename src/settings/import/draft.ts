import { randomBytes } from "node:crypto";
import { escapeVariables } from "../environment-values.ts";
import { isReservedPath } from "../reserved-paths.ts";

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
  /** As webhooks_automata called it. */
  readonly provider: string;
  readonly secret: unknown;
  /** URL path that it was received on. */
  readonly path: string;
  /** Further keys. */
  readonly rest?: Readonly<Record<string, unknown>>;
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
    const allowed = /^\/[A-Za-z0-9._~/-]+$/.test(wanted) && !isReservedPath(wanted) && !paths.has(wanted);
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
    addSource({ name, provider, secret, path, rest = {} }) {
      sources[name] = {
        ...kindOf(provider, name, note),
        path: pathOf(name, path),
        ...secretOf({ name, provider, secret, note }),
        ...rest,
      };
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

type Note = Draft["note"];

function kindOf(provider: string, name: string, note: Note): Record<string, unknown> {
  switch (provider) {
    case "plain":
      return { kind: "generic" };
    case "github":
    case "gitlab":
      return { kind: provider };
    case "gogs":
      note(`source ${name}: newer Gogs no longer sends the secret in the body; for one, remove body_secret`);
      return { kind: "gogs", body_secret: true };
    default:
      note(
        `source ${name}: webhooks_automata had no provider ${provider}; see which kind of source it should be`,
      );
      return { kind: "generic" };
  }
}

interface SecretInput {
  readonly name: string;
  readonly provider: string;
  readonly secret: unknown;
  readonly note: Note;
}

/** Plain checked nothing, which has to be said here. Any other provider without a secret took nothing, so a new one does no harm. */
function secretOf({ name, provider, secret, note }: SecretInput): Record<string, unknown> {
  if (provider === "plain") {
    note(
      `source ${name}: its provider was plain, so anybody could use it; give it a secret, or keep unsafe_no_auth`,
    );
    return { unsafe_no_auth: true };
  }
  if (secret === undefined || secret === null || secret === "") {
    note(`source ${name}: it had no secret, so it took nothing; give the new one to the sender`);
    return { secrets: [randomBytes(32).toString("hex")] };
  }
  if (typeof secret !== "string")
    note(`source ${name}: its secret is no text in YAML; look whether it came over as meant`);
  return { secrets: [escapeVariables(typeof secret === "string" ? secret : JSON.stringify(secret))] };
}
