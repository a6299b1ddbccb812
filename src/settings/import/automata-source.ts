import { randomBytes } from "node:crypto";
import { escapeVariables } from "../environment-values.ts";
import type { Draft } from "./draft.ts";

export interface AutomataSource {
  readonly name: string;
  /** As webhooks_automata called it. */
  readonly provider: string;
  readonly secret: unknown;
  /** URL path that it was received on. */
  readonly path: string;
  /** Further keys. */
  readonly rest?: Readonly<Record<string, unknown>>;
}

export function addAutomataSource(
  draft: Draft,
  { name, provider, secret, path, rest = {} }: AutomataSource,
): void {
  const { note } = draft;
  const kind = kindOf(provider, name, note);
  const secrets = secretOf({ name, provider, secret, note });
  draft.addSource({ name, path, settings: { ...kind, ...secrets, ...rest } });
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
