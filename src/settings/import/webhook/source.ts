import { randomBytes } from "node:crypto";
import { sourceKinds } from "../../../sources/registry.ts";
import { isNetwork } from "../../../lib/networks.ts";
import { escapeVariables } from "../../environment-values.ts";
import type { Draft } from "../draft.ts";
import type { Proof } from "./proof.ts";
import type { ReadRule } from "./rules.ts";
import type { Hook } from "./schema.ts";

type Settings = Readonly<Record<string, unknown>>;

export interface SourceInput {
  readonly draft: Draft;
  readonly hook: Hook;
  readonly rule: ReadRule;
  /** That the action and its rule read, lower-case. */
  readonly headers: readonly string[];
}

/** The source of a hook: what proves its sender, and the headers that are read. */
export function sourceOf({ draft, hook, rule, headers }: SourceInput): Settings {
  const { id } = hook;
  const secrets = secretsOf(draft, id, rule);
  const kind = kindOf(draft, id, rule, headers);
  return { ...kind, ...secrets, ...networksOf(draft, id, rule) };
}

/** Nobody knows it: a source that takes nothing until its owner says what. */
const closed = (): Settings => ({ secrets: [randomBytes(32).toString("hex")] });

function secretsOf(draft: Draft, id: string, { proof, closed: isClosed, networks }: ReadRule): Settings {
  if (isClosed) return closed();
  if (proof === null) {
    const only = networks === null ? "anybody can use it" : "only the sender's address is checked";
    draft.note(
      `hook ${id}: nothing proved its sender, so ${only}; give the source secrets, or keep unsafe_no_auth`,
    );
    return { unsafe_no_auth: true };
  }
  const given = proof.secrets.filter((secret) => secret !== "");
  if (given.length === 0) {
    draft.note(
      `hook ${id}: its secret was empty, so it took nothing; a new one was made: give it to the sender`,
    );
    return closed();
  }
  return { secrets: given.map((secret) => escapeVariables(passwordOf(proof, secret))) };
}

/** What a header's text says beside the secret: `Bearer x`, `Basic` and the base64 of a pair. */
function passwordOf(proof: Proof, text: string): string {
  if (proof.kind !== "token" || proof.header !== "authorization") return text;
  const pair = basicOf(text);
  return pair === null ? text.replace(/^Bearer +/i, "") : pair.slice(pair.indexOf(":") + 1);
}

function basicOf(text: string): string | null {
  const [, encoded] = /^Basic +(\S+)$/i.exec(text) ?? [];
  const pair = encoded === undefined ? "" : Buffer.from(encoded, "base64").toString("utf8");
  return pair.includes(":") ? pair : null;
}

function kindOf(
  draft: Draft,
  id: string,
  { proof, closed: isClosed }: ReadRule,
  headers: readonly string[],
): Settings {
  const known = proof === null || isClosed ? null : forgeOf(proof);
  const kept = known === null ? [] : keptBy(known);
  if (known !== null && headers.every((name) => kept.includes(name))) return known;
  const generic = { kind: "generic", ...(proof === null || isClosed ? {} : genericOf(draft, id, proof)) };
  const readable = headers.filter((name) => !isSecret(name, generic));
  for (const name of headers.filter((each) => !readable.includes(each)))
    draft.note(`hook ${id}: the header ${name} carries a secret and is not kept here; it reads as empty`);
  const more = readable.filter((name) => !["content-type", "user-agent"].includes(name));
  return { ...generic, ...(more.length > 0 && { keep_headers: more }) };
}

const isSecret = (name: string, source: Settings): boolean =>
  ["authorization", "proxy-authorization", "cookie"].includes(name) ||
  Object.values(source).some((value) => typeof value === "string" && value.toLowerCase() === name);

/** The kind of a sender that is known by its header; null: any sender's. */
function forgeOf(proof: Proof): Settings | null {
  if (proof.kind === "body") return { kind: "gogs", body_secret: true };
  if (proof.kind === "token") return proof.header === "x-gitlab-token" ? { kind: "gitlab" } : null;
  if (proof.kind !== "hmac") return null;
  switch (`${proof.header} ${proof.algorithm}`) {
    case "x-hub-signature-256 sha256":
      return { kind: "github" };
    case "x-hub-signature sha1":
      return { kind: "github", algorithm: "sha1" };
    case "x-hub-signature sha256":
      return { kind: "bitbucket" };
    case "x-gitea-signature sha256":
    case "x-forgejo-signature sha256":
      return { kind: "gitea" };
    case "x-gogs-signature sha256":
      return { kind: "gogs" };
    default:
      return null;
  }
}

function keptBy({ kind, ...options }: Settings): readonly string[] {
  const found = sourceKinds.get(String(kind));
  return found === undefined ? [] : [...found.keptHeaders(found.schema.parse(options)), "content-type"];
}

/** These send the digest alone; of others it is not known. */
const BARE = /^x-(?:gitea|forgejo|gogs)-signature$/;
const PREFIXED = /^x-hub-signature/;

function genericOf(draft: Draft, id: string, proof: Proof): Settings {
  switch (proof.kind) {
    case "scalr":
      return {
        header: "X-Signature",
        algorithm: "sha1",
        prefix: "",
        signed: "{body}{timestamp}",
        timestamp_header: "Date",
        timestamp_format: "date",
      };
    case "token": {
      const [secret = ""] = proof.secrets;
      if (proof.header.startsWith("?")) {
        draft.note(
          `hook ${id}: its secret stands in the URL, and so in the logs of every proxy; let the sender send a header, and name that as token_header`,
        );
      }
      const pair = proof.header === "authorization" ? basicOf(secret) : null;
      return pair === null ? { token_header: proof.header } : { username: pair.slice(0, pair.indexOf(":")) };
    }
    case "body":
      draft.note(
        `hook ${id}: the secret in its body can't be checked together with the headers that it reads; give the sender a token to send in X-Token`,
      );
      return { token_header: "x-token" };
    case "hmac": {
      const { header, algorithm } = proof;
      if (BARE.test(header)) return { header, algorithm, prefix: "" };
      if (!PREFIXED.test(header))
        draft.note(
          `hook ${id}: webhook took the signature in ${header} with and without ${algorithm}= before it; here it is expected with it: where the sender writes it alone, say prefix: ""`,
        );
      return { header, algorithm };
    }
  }
}

function networksOf(draft: Draft, id: string, { networks }: ReadRule): Settings {
  if (networks === null) return {};
  const good = networks.filter((range) => isNetwork(range));
  for (const range of networks.filter((each) => !good.includes(each)))
    draft.note(`hook ${id}: ${JSON.stringify(range)} is no network; left out`);
  draft.note(
    `hook ${id}: behind a proxy the sender's address is known only if the proxy is one of server.trusted_proxies`,
  );
  // Nowhere is better than everywhere.
  return { allow_from: good.length === 0 ? ["192.0.2.0/32"] : good };
}
