import type { z } from "zod";
import { complaintsOf, unknownKey } from "./complaints.ts";
import type { KeyPath, Report } from "./problems.ts";

export interface CheckInput<T> {
  readonly schema: z.ZodType<T>;
  readonly value: unknown;
  /** Where the value stands in the file. */
  readonly path: KeyPath;
  readonly report: Report;
}

/** Parses a part of the settings; null when it is not valid, and then everything wrong has been reported. */
export function checkValue<T>({ schema, value, path, report }: CheckInput<T>): T | null {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    for (const complaint of complaintsOf(issue, schema)) {
      report({ ...complaint, path: [...path, ...complaint.path] });
    }
  }
  return null;
}

export interface KeysInput {
  readonly value: object;
  readonly known: readonly string[];
  readonly path: KeyPath;
  readonly report: Report;
}

/** Reports each key that is none of the known ones. */
export function checkKeys({ value, known, path, report }: KeysInput): void {
  for (const key of Object.keys(value).filter((each) => !known.includes(each))) {
    report({ path: [...path, key], ...unknownKey(key, known) });
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What stands at a path below a value; undefined where there is nothing. */
export const valueAt = (value: unknown, path: KeyPath): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
