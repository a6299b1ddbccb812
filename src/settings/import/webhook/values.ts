import type { Argument, Hook } from "./schema.ts";

/** What a reference to a value of the request becomes. */
export type Value =
  /** A text that is always the same. */
  | { readonly kind: "text"; readonly text: string }
  /** CEL over `event` that gives a text, empty where there is nothing; `simple`: a name or the like, no whole body. */
  | { readonly kind: "cel"; readonly cel: string; readonly simple: boolean }
  /** There is none here; why, as the end of a sentence. */
  | { readonly kind: "none"; readonly why: string };

/** What `keep_headers` takes. */
export const QUERY_NAME = /^[A-Za-z0-9_-]+$/;

/** A CEL text with this value. */
export const celText = (text: string): string => JSON.stringify(text);

/** What webhook took a reference (docs/Referencing-Request-Values.md) for. */
export function valueOf(argument: Argument, hook: Hook): Value {
  const { source, name } = argument;
  switch (source) {
    case "string":
      return { kind: "text", text: name };
    case "payload":
      return { kind: "cel", cel: `as_text(event.payload${pathOf(payloadName(name, hook))})`, simple: true };
    case "header":
      return { kind: "cel", cel: `as_text(event.headers[?${celText(name.toLowerCase())}])`, simple: true };
    case "entire-payload":
    case "raw-request-body":
      return { kind: "cel", cel: "as_text(event.payload)", simple: false };
    case "entire-headers":
      return { kind: "cel", cel: "as_text(event.headers)", simple: false };
    case "request":
      if (name.toLowerCase() === "method") return { kind: "text", text: "POST" };
      return { kind: "none", why: `an event does not have the request's ${name}` };
    case "url":
    case "query":
      if (!QUERY_NAME.test(name))
        return { kind: "none", why: "no parameter of the query can be called so here" };
      return { kind: "cel", cel: `as_text(event.headers[?${celText(`?${name}`)}])`, simple: true };
    case "entire-query":
      return { kind: "none", why: "of the URL's query only what keep_headers names is kept" };
    default:
      return { kind: "none", why: `webhook had no source ${JSON.stringify(source)}` };
  }
}

/** Here a form's field `payload` is the payload itself. */
function payloadName(name: string, hook: Hook): string {
  const asJson = hook["parse-parameters-as-json"].some(
    (each) => each.source === "payload" && each.name === "payload",
  );
  if (!asJson) return name;
  return name === "payload" ? "" : name.replace(/^payload\./, "");
}

const RESERVED = new Set([
  "in",
  "true",
  "false",
  "null",
  "as",
  "break",
  "const",
  "continue",
  "else",
  "for",
  "function",
]);
const MORE_RESERVED = new Set([
  "if",
  "import",
  "let",
  "loop",
  "package",
  "namespace",
  "return",
  "var",
  "void",
  "while",
]);

/** `commits.0.author.email` → `.?commits[?0].?author.?email`. */
function pathOf(name: string): string {
  if (name === "") return "";
  const parts = name.split(".").map((part) => {
    if (/^\d{1,9}$/.test(part)) return `[?${Number(part)}]`;
    const plain = /^[A-Za-z_]\w*$/.test(part) && !RESERVED.has(part) && !MORE_RESERVED.has(part);
    return plain ? `.?${part}` : `[?${celText(part)}]`;
  });
  return parts.join("");
}

/** Headers that the values of a hook read, lower-case. */
export const headersOf = (celParts: readonly string[]): string[] => [
  ...new Set(
    celParts.flatMap((cel) =>
      [...cel.matchAll(/event\.headers\[\?"([^"\\]+)"\]/g)].map(([, name = ""]) => name),
    ),
  ),
];
