import type { z } from "zod";
import { checkValue, valueAt } from "../check-value.ts";
import { formatPath, type Report } from "../problems.ts";
import type { Draft } from "./draft.ts";

export interface ReadKnownInput<T> {
  readonly draft: Draft;
  /** Of strict objects. */
  readonly schema: z.ZodType<T>;
  readonly data: unknown;
  readonly report: Report;
  /** Whose file it is. */
  readonly of: string;
}

/** Reads what the other system read; keys that it did not know either are noted. Null when it is not valid, which is reported. */
export function readKnown<T>({ draft, schema, data, report, of }: ReadKnownInput<T>): T | null {
  const known: unknown = structuredClone(data);
  for (const issue of schema.safeParse(data).error?.issues ?? []) {
    if (issue.code !== "unrecognized_keys") continue;
    const path = issue.path.filter((part) => typeof part !== "symbol");
    for (const key of issue.keys) {
      draft.note(`${formatPath([...path, key])}: ${of} did not know this key; it is left out`);
      const parent = valueAt(known, path);
      if (typeof parent === "object" && parent !== null) Reflect.deleteProperty(parent, key);
    }
  }
  return checkValue({ schema, value: known, path: [], report });
}
