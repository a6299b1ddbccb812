import { type Environment, Optional } from "@marcbachmann/cel-js";

/**
 * `as_text(value)`: a text as it is, numbers and booleans written out, lists and maps as JSON; null, and an optional that is
 * not there, as the empty text. CEL has nothing that writes any value, and a command can take nothing else.
 */
export function registerAsText(environment: Environment): void {
  environment.registerFunction("as_text(dyn): string", asText);
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Optional) return value.hasValue() ? asText(value.value()) : "";
  if (typeof value === "string") return value;
  if (typeof value === "bigint") return value.toString();
  return JSON.stringify(value, (_key, each: unknown) => plain(each));
}

/** CEL's whole numbers are bigints, which JSON does not know. */
const plain = (value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);
