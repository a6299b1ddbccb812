import { z } from "zod";
import { builtInKinds, type Kinds } from "./kinds.ts";
import { settingsSchema } from "./schema.ts";

type Json = z.core.JSONSchema.JSONSchema;

/** What the settings are once `${ENV}` is replaced, as JSON Schema: for the reference page. */
export const plainJsonSchema = (kinds: Kinds = builtInKinds): Json =>
  z.toJSONSchema(settingsSchema(kinds), { io: "input", unrepresentable: "any" });

/**
 * The JSON Schema (draft 2020-12) of `hookwright.yaml`, for editors. It takes every file that the server takes; what only
 * the server can see (expressions, names of sources, files of secrets) it lets pass.
 */
export function settingsJsonSchema(kinds: Kinds = builtInKinds): Json {
  const schema = plainJsonSchema(kinds);
  const properties = mapValues(schema.properties ?? {}, (part, name) =>
    // `server:` with nothing behind it is no `server` at all.
    typeof part === "boolean" ? part : eitherOr(relax(part, { kinds, path: [name] }), { type: "null" }),
  );
  return { ...schema, properties, title: "hookwright.yaml" };
}

interface Place {
  readonly kinds: Kinds;
  /** Keys from the top; `*` for each entry of a map or list. */
  readonly path: readonly string[];
}

const VARIABLE: Json = { type: "string", pattern: "\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}" };
const FORMS = ["pattern", "format", "enum", "const"] as const;

/** Lets every text that has to have some form hold a `${ENV}` instead, where those are replaced. */
function relax(schema: Json, place: Place): Json {
  if (schema.type === "string" && FORMS.some((key) => schema[key] !== undefined)) {
    return readsEnvironment(place) ? eitherOr(schema, VARIABLE) : schema;
  }
  const below = (part: Json | boolean, key?: string): Json | boolean => {
    if (typeof part === "boolean") return part;
    return relax(part, key === undefined ? place : { ...place, path: [...place.path, key] });
  };
  const { properties, additionalProperties, items, anyOf, oneOf } = schema;
  return {
    ...schema,
    ...(properties && { properties: mapValues(properties, below) }),
    ...(additionalProperties !== undefined && { additionalProperties: below(additionalProperties, "*") }),
    ...(items !== undefined && !Array.isArray(items) && { items: below(items, "*") }),
    ...(anyOf && { anyOf: anyOf.map((form) => relax(form, place)) }),
    // Of a step this is no choice of forms, but of the one key that it must have.
    ...(oneOf && { oneOf: oneOf.map((form) => relax(form, place)) }),
  };
}

/** Whether the loader replaces `${ENV}` there. */
function readsEnvironment({ kinds, path: [top, , key, , ...inStep] }: Place): boolean {
  if (top === "sources") return key !== "kind";
  if (top !== "actions") return true;
  const kind = kinds.steps.get(inStep.find((part) => part !== "undo") ?? "");
  return kind !== undefined && kind.keepsVariables !== true;
}

function mapValues<T>(
  values: Readonly<Record<string, T>>,
  change: (value: T, key: string) => T,
): Record<string, T> {
  const changed: Record<string, T> = {};
  for (const [key, value] of Object.entries(values)) changed[key] = change(value, key);
  return changed;
}

/** One of two; what is said of the first is said of both. */
function eitherOr({ description, default: value, ...form }: Json, other: Json): Json {
  return {
    ...(description !== undefined && { description }),
    ...(value !== undefined && { default: value }),
    anyOf: [form, other],
  };
}
