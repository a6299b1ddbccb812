import { z } from "zod";
import { nearest } from "../lib/nearest.ts";
import type { Complaint, KeyPath } from "./problems.ts";

type Issue = z.core.$ZodIssue;

/** What zod found, in our words: what was expected there, never the value that stands there. */
export function complaintsOf(issue: Issue, schema: z.core.$ZodType): Complaint[] {
  const path = pathOf(issue);
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = schemasAt(schema, path).flatMap(keysOf);
      return issue.keys.map((key) => ({ path: [...path, key], ...unknownKey(key, known) }));
    }
    case "invalid_union":
      return unionComplaints(issue, schemasAt(schema, path));
    case "invalid_value":
      return [{ path, ...wrongValue(issue.values.map(String), issue.input) }];
    case "invalid_key":
      return issue.issues.flatMap((each) => complaintsOfKey(each, path));
    default:
      return [{ path, message: messageOf(issue) }];
  }
}

const pathOf = ({ path }: Issue): (string | number)[] => path.filter((part) => typeof part !== "symbol");

export function unknownKey(key: string, known: readonly string[]): Omit<Complaint, "path"> {
  const suggestion = nearest(key, known);
  const list = known.length === 0 ? "none is known here" : `known here: ${known.join(", ")}`;
  return { message: suggestion === null ? `unknown key; ${list}` : "unknown key", suggestion };
}

function complaintsOfKey(issue: Issue, path: KeyPath): Complaint[] {
  const key = String(path.at(-1));
  if (issue.code === "invalid_value") return [{ path, ...unknownKey(key, issue.values.map(String)) }];
  return [{ path, message: messageOf(issue) }];
}

function wrongValue(values: readonly string[], input: unknown): Omit<Complaint, "path"> {
  const words = values.join(" or ");
  const message = input === undefined ? missing(words) : `expected ${words}`;
  return { message, suggestion: typeof input === "string" ? nearest(input, values) : null };
}

/** Of the forms that a value could have, what is wrong with the one it came nearest to; where it has none, what they are. */
function unionComplaints(
  issue: Extract<Issue, { code: "invalid_union" }>,
  schemas: readonly z.core.$ZodType[],
): Complaint[] {
  const path = pathOf(issue);
  const index = nearestForm(issue.errors);
  const errors = issue.errors[index];
  if (errors === undefined) {
    const own = issue.message === "Invalid input" ? null : issue.message;
    return [{ path, message: own ?? expectedForms(issue) }];
  }
  const form = schemas.flatMap((schema) => (schema instanceof z.ZodUnion ? schema.options : [schema]))[index];
  return errors.flatMap((error) =>
    complaintsOf(error, form ?? z.unknown()).map((each) => ({ ...each, path: [...path, ...each.path] })),
  );
}

/** The form whose own type fits, best with a fault deeper inside; -1 where none is of the value's type. */
function nearestForm(forms: readonly (readonly Issue[])[]): number {
  const deep = forms.findIndex((errors) => errors.some(({ path }) => path.length > 0));
  return deep === -1 ? forms.findIndex((errors) => errors.some(({ code }) => code !== "invalid_type")) : deep;
}

function expectedForms({ errors, input }: Extract<Issue, { code: "invalid_union" }>): string {
  const kinds = errors.flat().map((issue) => (issue.code === "invalid_type" ? nameOf(issue.expected) : null));
  const names = [...new Set(kinds.filter((kind) => kind !== null))];
  return expected(names.join(" or "), input);
}

function messageOf(issue: Issue): string {
  // A message that a schema gave itself says more.
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input: expected ")) {
    return expected(nameOf(issue.expected), issue.input);
  }
  if (issue.code === "too_small" && issue.message.startsWith("Too small"))
    return `expected ${bound("at least", issue.minimum, issue.origin)}`;
  if (issue.code === "too_big" && issue.message.startsWith("Too big"))
    return `expected ${bound("at most", issue.maximum, issue.origin)}`;
  return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
}

function bound(how: string, limit: number | bigint, origin: string): string {
  if (origin === "string")
    return how === "at least" ? "a text that is not empty" : `a text of ${how} ${limit} characters`;
  return origin === "number" || origin === "int" ? `a number of ${how} ${limit}` : `${how} ${limit} items`;
}

function expected(what: string, input: unknown): string {
  if (input === undefined) return missing(what);
  return typeof input === "number" && what === WHOLE
    ? `expected ${what}`
    : `expected ${what}, not ${kindOf(input)}`;
}

const missing = (what: string): string => `is missing; expected ${what}`;

function kindOf(input: unknown): string {
  if (input === null) return "nothing";
  return nameOf(Array.isArray(input) ? "array" : typeof input);
}

const nameOf = (kind: string): string => NAMES[kind] ?? kind;

const WHOLE = "a whole number";
const NAMES: Readonly<Record<string, string>> = {
  string: "a text",
  array: "a list",
  tuple: "a list",
  object: "a map",
  record: "a map",
  boolean: "true or false",
  number: "a number",
  int: WHOLE,
  null: "nothing",
};

/** The schemas that a value at a path may have: several where there is a choice. */
function schemasAt(schema: z.core.$ZodType, path: KeyPath): readonly z.core.$ZodType[] {
  let current = unwrap(schema);
  for (const part of path) current = current.flatMap((each) => childrenAt(each, part).flatMap(unwrap));
  return current;
}

function keysOf(schema: z.core.$ZodType): readonly string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(unwrap).flatMap(keysOf);
  const names = schema instanceof z.ZodRecord ? schema.keyType : null;
  return names instanceof z.ZodEnum ? names.options.map(String) : [];
}

function childrenAt(schema: z.core.$ZodType, part: string | number): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodObject) {
    const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
    const child = shape[String(part)];
    return child === undefined ? [] : [child];
  }
  if (schema instanceof z.ZodUnion)
    return schema.options.flatMap(unwrap).flatMap((each) => childrenAt(each, part));
  if (schema instanceof z.ZodArray) return [schema.element];
  return schema instanceof z.ZodRecord ? [schema.valueType] : [];
}

/** Without what only gives a default or changes the result. */
function unwrap(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.unwrap());
  }
  return schema instanceof z.ZodPipe ? unwrap(schema.in) : [schema];
}
