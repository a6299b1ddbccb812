import type { Argument, Match, Rule } from "./schema.ts";
import { QUERY_NAME } from "./values.ts";

/** What proves a hook's sender. */
export type Proof =
  | {
      readonly kind: "hmac";
      readonly algorithm: "sha1" | "sha256" | "sha512";
      /** Lower-case. */
      readonly header: string;
      readonly secrets: readonly string[];
    }
  | { readonly kind: "token"; readonly header: string; readonly secrets: readonly string[] }
  /** In the field `secret` of the body, as Gogs and Gitea once sent it. */
  | { readonly kind: "body"; readonly secrets: readonly string[] }
  | { readonly kind: "scalr"; readonly secrets: readonly string[] };

export interface Networks {
  readonly kind: "networks";
  readonly ranges: readonly string[];
}

const HMAC = /^payload-(?:hmac|hash)-(sha1|sha256|sha512)$/;

/** Names of headers that carry a secret, when they are compared with a text. */
const SECRET_HEADER = /token|secret|auth|key|password|signature/i;

/** Whether webhook checked a signature or an address by it: no expression can do that. */
export const isCheck = ({ type }: Match): boolean =>
  HMAC.test(type) || type === "scalr-signature" || type === "ip-whitelist";

/** What a test proves of the sender; null when it is about the event. */
export function proofOf(match: Match): Proof | Networks | null {
  const { type, secret, value, parameter } = match;
  if (type === "ip-whitelist")
    return { kind: "networks", ranges: match["ip-range"].split(/\s+/).filter((each) => each !== "") };
  if (type === "scalr-signature") return { kind: "scalr", secrets: [secret] };
  const header = parameter === undefined ? null : placeOf(parameter);
  const [, algorithm] = HMAC.exec(type) ?? [];
  if (algorithm === "sha1" || algorithm === "sha256" || algorithm === "sha512") {
    const plain = parameter?.["headers-to-add-to-signature-payload"].length === 0;
    return header === null || !plain ? null : { kind: "hmac", algorithm, header, secrets: [secret] };
  }
  if (type !== "value" || value === "") return null;
  if (header !== null && SECRET_HEADER.test(header)) return { kind: "token", header, secrets: [value] };
  return parameter?.source === "payload" && parameter.name === "secret"
    ? { kind: "body", secrets: [value] }
    : null;
}

/** As the settings name it: a header, or `?name` for a parameter of the query; null: neither. */
function placeOf({ source, name }: Argument): string | null {
  if (source === "header") return name.toLowerCase();
  return (source === "url" || source === "query") && QUERY_NAME.test(name) ? `?${name}` : null;
}

/** Of several ways to prove the same, any of which was enough: one, or null when they are no such thing. */
export function eitherOf(rules: readonly Rule[]): Proof | Networks | null {
  const found = rules.map(({ and, or, not, match }) =>
    and === undefined && or === undefined && not === undefined && match !== undefined ? proofOf(match) : null,
  );
  const proofs = found.filter((each) => each !== null);
  const [first, ...rest] = proofs;
  if (first === undefined || proofs.length < rules.length) return null;
  return rest.reduce<Proof | Networks | null>((all, each) => (all === null ? null : join(all, each)), first);
}

function join(one: Proof | Networks, other: Proof | Networks): Proof | Networks | null {
  if (one.kind === "networks" || other.kind === "networks") {
    if (one.kind !== "networks" || other.kind !== "networks") return null;
    return { kind: "networks", ranges: [...one.ranges, ...other.ranges] };
  }
  const secrets = [...new Set([...one.secrets, ...other.secrets])];
  if (sameWay(one, other)) return { ...one, secrets };
  // Some senders sign twice: the stronger signature alone is as good as either.
  if (one.kind === "hmac" && other.kind === "hmac" && secrets.length === 1)
    return one.algorithm < other.algorithm ? other : one;
  return null;
}

function sameWay(one: Proof, other: Proof): boolean {
  if (one.kind === "hmac" && other.kind === "hmac")
    return one.algorithm === other.algorithm && one.header === other.header;
  if (one.kind === "token" && other.kind === "token") return one.header === other.header;
  return one.kind === other.kind;
}
