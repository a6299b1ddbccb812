import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Document, Node } from "yaml";
import type { KeyPath } from "./problems.ts";

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A YAML text that was read, and where each of its values stands. */
export interface SettingsDocument {
  readonly data: unknown;
  /** Of the key at `path`, or of the nearest thing above it that exists. */
  position(path: KeyPath): Position;
}

export type DocumentResult =
  | { readonly ok: true; readonly document: SettingsDocument }
  | { readonly ok: false; readonly errors: readonly (Position & { readonly message: string })[] };

/** A settings file is written by people; what is larger is a mistake or an attack. */
const MAX_BYTES = 1_048_576;
/** Bounds what aliases of aliases can grow to. */
const MAX_ALIASES = 100;

export function readDocument(text: string): DocumentResult {
  if (Buffer.byteLength(text) > MAX_BYTES) return failure("the file is larger than 1 MiB");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  if (document.errors.length > 0) {
    const errors = document.errors.map(({ code, message, pos }) => ({
      ...place(lines, pos[0]),
      message: ERROR_TEXTS[code] ?? lowerFirst(message),
    }));
    return { ok: false, errors };
  }
  try {
    const data: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { ok: true, document: { data, position: (path) => positionOf(document, lines, path) } };
  } catch (error) {
    return failure(error instanceof Error ? lowerFirst(error.message) : String(error));
  }
}

const ERROR_TEXTS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: "this key stands here twice; each may stand only once",
  TAB_AS_INDENT: "a tab stands where YAML wants spaces; indent with spaces",
  MULTIPLE_DOCS: "expected one YAML document; remove the `---`",
};

const failure = (message: string): DocumentResult => ({
  ok: false,
  errors: [{ line: 1, column: 1, message }],
});

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

function place(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function positionOf(document: Document, lines: LineCounter, path: KeyPath): Position {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of path) {
    const next = step(document, node, part);
    if (next === null) break;
    offset = startOf(next.key) ?? startOf(next.value) ?? offset;
    node = next.value;
  }
  return place(lines, offset);
}

interface Entry {
  readonly key: unknown;
  readonly value: unknown;
}

function step(document: Document, node: unknown, part: string | number): Entry | null {
  const target = isAlias(node) ? node.resolve(document) : node;
  if (isSeq(target)) {
    const value = typeof part === "number" ? target.items[part] : undefined;
    return value === undefined ? null : { key: null, value };
  }
  if (!isMap(target)) return null;
  return target.items.find(({ key }) => isScalar(key) && String(key.value) === String(part)) ?? null;
}

const startOf = (node: unknown): number | undefined => (hasRange(node) ? node.range?.[0] : undefined);

const hasRange = (node: unknown): node is Node =>
  typeof node === "object" && node !== null && "range" in node;
