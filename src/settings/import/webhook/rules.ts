import type { Draft } from "../draft.ts";
import { eitherOf, isCheck, proofOf, type Networks, type Proof } from "./proof.ts";
import type { Hook, Match, Rule } from "./schema.ts";
import { celText, valueOf } from "./values.ts";

export interface ReadRule {
  /** Null: anybody could send. */
  readonly proof: Proof | null;
  /** True where a check of the sender stood where it can't be one here: then nobody may send. */
  readonly closed: boolean;
  /** Null: from everywhere. */
  readonly networks: readonly string[] | null;
  /** CEL; null: always. */
  readonly when: string | null;
}

type Part = Rule | { readonly never: true };

/** Parts a trigger-rule in what proves the sender, and the rest. */
export function readRule(draft: Draft, hook: Hook): ReadRule {
  const { id } = hook;
  const parts = hook["trigger-rule"] === undefined ? [] : conjuncts(hook["trigger-rule"]);
  let proof: Proof | null = null;
  let networks: readonly string[] | null = null;
  const rest: Part[] = [];
  for (const part of parts) {
    const found = asProof(part);
    if (found === null) rest.push(part);
    else if (found.kind === "networks") networks = [...(networks ?? []), ...found.ranges];
    else proof = proof === null ? found : stronger(draft, id, proof, found);
  }
  const closed = rest.some((part) => !("never" in part) && checksWithin(part));
  if (closed) {
    draft.note(
      `hook ${id}: a signature or address is tested inside or, not, or in another way that is no authentication here; the source takes nothing until you write it anew`,
    );
  }
  return { proof, closed, networks, when: closed ? "false" : whenOf(draft, hook, rest) };
}

const RANKS: Readonly<Record<Proof["kind"], number>> = { hmac: 3, scalr: 2, token: 1, body: 0 };
const rank = ({ kind }: Proof): number => RANKS[kind];

function stronger(draft: Draft, id: string, one: Proof, other: Proof): Proof {
  const [kept, left] = rank(one) >= rank(other) ? [one, other] : [other, one];
  draft.note(
    `hook ${id}: it asked for two proofs of its sender; the ${left.kind} is not checked here, only the ${kept.kind}`,
  );
  return kept;
}

/** Everything that has to hold; webhook looked at the first of the keys alone. */
function conjuncts({ and, or, not, match }: Rule): Part[] {
  if (and !== undefined) return and.flatMap(conjuncts);
  if (or !== undefined) {
    const [only, ...more] = or;
    return only !== undefined && more.length === 0 ? conjuncts(only) : [{ or }];
  }
  if (not !== undefined) return [{ not }];
  // An empty rule never held.
  return match === undefined ? [{ never: true }] : [{ match }];
}

function asProof(part: Part): Proof | Networks | null {
  if ("never" in part) return null;
  if (part.or !== undefined) return eitherOf(part.or);
  return part.match === undefined ? null : proofOf(part.match);
}

function checksWithin({ and = [], or = [], not, match }: Rule): boolean {
  if (match !== undefined && isCheck(match)) return true;
  return [...and, ...or, ...(not === undefined ? [] : [not])].some(checksWithin);
}

function whenOf(draft: Draft, hook: Hook, parts: readonly Part[]): string | null {
  if (parts.length === 0) return null;
  const reasons: string[] = [];
  const texts = parts.map((part) => ("never" in part ? "false" : celOf(part, hook, reasons)));
  for (const reason of reasons) {
    draft.note(
      `hook ${hook.id}: a part of its trigger-rule can't be tested here: ${reason}; it starts nothing until you write its \`when\` anew`,
    );
  }
  if (reasons.length > 0) return "false";
  return texts.length === 1 ? (texts[0] ?? null) : texts.map(inParentheses).join(" && ");
}

/** CEL for a rule; what can't be said in it is added to `reasons`. */
function celOf({ and, or, not, match }: Rule, hook: Hook, reasons: string[]): string {
  if (and !== undefined) return joined(and, " && ", "true", hook, reasons);
  if (or !== undefined) return joined(or, " || ", "false", hook, reasons);
  if (not !== undefined) return `!(${celOf(not, hook, reasons)})`;
  return match === undefined ? "false" : celOfMatch(match, hook, reasons);
}

function joined(rules: readonly Rule[], by: string, none: string, hook: Hook, reasons: string[]): string {
  const texts = rules.map((rule) => celOf(rule, hook, reasons));
  if (texts.length === 0) return none;
  return texts.length === 1 ? (texts[0] ?? none) : texts.map(inParentheses).join(by);
}

const inParentheses = (cel: string): string => (/ (?:&&|\|\|) /.test(cel) ? `(${cel})` : cel);

function celOfMatch({ type, value, regex, parameter }: Match, hook: Hook, reasons: string[]): string {
  if (parameter === undefined || (type !== "value" && type !== "regex")) {
    reasons.push(`webhook had no test ${JSON.stringify(type)} like that`);
    return "false";
  }
  const found = valueOf(parameter, hook);
  if (found.kind === "none") {
    reasons.push(found.why);
    return "false";
  }
  const text = found.kind === "text" ? celText(found.text) : found.cel;
  return type === "value" ? `${text} == ${celText(value)}` : `${text}.matches(${celText(regex)})`;
}
