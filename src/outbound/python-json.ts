/** A JSON value; `undefined` members of maps are left out. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/**
 * The very bytes of Python's `json.dumps` with its defaults: a space after `,` and `:`, everything but ASCII escaped with
 * lower-case hex. Numbers have to be whole.
 */
export function pythonJson(value: Json): string {
  if (typeof value === "string") return pythonText(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(pythonJson).join(", ")}]`;
  const members: string[] = [];
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) members.push(`${pythonText(key)}: ${pythonJson(member)}`);
  }
  return `{${members.join(", ")}}`;
}

const isList = (value: object): value is readonly Json[] => Array.isArray(value);

/** JSON.stringify escapes what JSON demands, as Python does; Python also escapes DEL and all beyond ASCII. */
const pythonText = (text: string): string =>
  JSON.stringify(text).replaceAll(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
