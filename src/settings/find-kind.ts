import { nearest } from "../lib/nearest.ts";
import type { KeyPath } from "./problems.ts";
import type { Reading } from "./reading.ts";

/** The kind that the key `kind` of the map at `path` names; null when that has been reported. */
export function findKind<K>(
  { findings }: Pick<Reading, "findings">,
  kinds: ReadonlyMap<string, K>,
  { given, path }: { readonly given: unknown; readonly path: KeyPath },
): K | null {
  const names = [...kinds.keys()];
  const expected = `expected ${names.join(", ")}`;
  if (typeof given !== "string") {
    const missing = given === undefined;
    const message = missing ? `the key kind is missing; ${expected}` : expected;
    findings.report({ path: missing ? path : [...path, "kind"], message });
    return null;
  }
  const kind = kinds.get(given);
  if (kind !== undefined) return kind;
  const message = `there is no kind ${given}; ${expected}`;
  findings.report({ path: [...path, "kind"], message, suggestion: nearest(given, names) });
  return null;
}
