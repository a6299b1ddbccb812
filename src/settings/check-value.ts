import { z } from "zod";
import { nearest } from "../lib/nearest.ts";
import type { Complaint, KeyPath, Report } from "./problems.ts";

export interface CheckInput<T> {
  readonly schema: z.ZodType<T>;
  readonly value: unknown;
  /** Where the value stands in the file. */
  readonly path: KeyPath;
  readonly report: Report;
}

/** Parses a part of the settings; null when it is not valid, and then everything wrong has been reported. */
export function checkValue<T>({ schema, value, path, report }: CheckInput<T>): T | null {
  const result = schema.safeParse(value);
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

const unknownKey = (key: string, known: readonly string[]): Omit<Complaint, "path"> => {
  const suggestion = nearest(key, known);
  const list = known.length === 0 ? "none is known here" : `known here: ${known.join(", ")}`;
  return { message: suggestion === null ? `unknown key; ${list}` : "unknown key", suggestion };
};

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

type Issue = z.core.$ZodIssue;

function complaintsOf(issue: Issue, schema: z.ZodType): Complaint[] {
  const path = issue.path.filter((part) => typeof part !== "symbol");
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = keysAt(schema, path);
      return issue.keys.map((key) => ({ path: [...path, key], ...unknownKey(key, known) }));
    }
    case "invalid_union":
      return unionComplaints(issue, path);
    case "invalid_value":
      return [{ path, ...wrongValue(issue.values.map(String), issue.input) }];
    case "invalid_key":
      return issue.issues.map(({ message }) => ({ path, message: lowerFirst(message) }));
    default:
      return [{ path, message: lowerFirst(issue.message.replace(/^Invalid input: /, "")) }];
  }
}

function wrongValue(values: readonly string[], input: unknown): Omit<Complaint, "path"> {
  const expected = `expected ${values.join(" or ")}`;
  return { message: expected, suggestion: typeof input === "string" ? nearest(input, values) : null };
}

/** Of the forms that a value could have, the one it came nearest to; where it came to none, what they are. */
function unionComplaints(issue: Extract<Issue, { code: "invalid_union" }>, path: KeyPath): Complaint[] {
  const branches = issue.errors;
  const deepest = branches.find((errors) => errors.some((error) => error.path.length > 0));
  const single = deepest ?? branches.find((errors) => errors.some(({ code }) => code !== "invalid_type"));
  const chosen = single ?? [];
  if (chosen.length === 0) return [{ path, message: expectedKinds(branches.flat()) }];
  return chosen.map((error) => ({
    path: [...path, ...error.path.filter((part) => typeof part !== "symbol")],
    message: lowerFirst(error.message.replace(/^Invalid input: /, "")),
  }));
}

function expectedKinds(issues: readonly Issue[]): string {
  const kinds = issues.map((issue) => (issue.code === "invalid_type" ? issue.expected : null));
  const names = kinds.filter((kind) => kind !== null).map((kind) => KIND_NAMES[kind] ?? kind);
  return names.length === 0
    ? "no form of this value is known"
    : `expected ${[...new Set(names)].join(" or ")}`;
}

const KIND_NAMES: Readonly<Record<string, string>> = {
  string: "a text",
  array: "a list",
  tuple: "a list",
  object: "a map",
  record: "a map",
  boolean: "true or false",
  number: "a number",
};

/** Keys that an object schema knows at a path, for suggestions. */
function keysAt(schema: z.core.$ZodType, path: KeyPath): readonly string[] {
  let current = unwrap(schema);
  for (const part of path) current = unwrap(child(current, part));
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}

function child(schema: z.core.$ZodType | undefined, part: string | number): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) {
    const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
    return shape[String(part)];
  }
  if (schema instanceof z.ZodArray) return schema.element;
  return schema instanceof z.ZodRecord ? schema.valueType : undefined;
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.unwrap());
  }
  return schema instanceof z.ZodPipe ? unwrap(schema.in) : schema;
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
