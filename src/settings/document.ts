import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml";
import type { Document, Node, YAMLError } from "yaml";
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

export interface DocumentError extends Position {
  readonly message: string;
}

export interface DocumentRead {
  /** Null when the text is too broken to look further. */
  readonly document: SettingsDocument | null;
  readonly errors: readonly DocumentError[];
}

/** A settings file is written by people; what is larger is a mistake or an attack. */
export const MAX_BYTES = 1_048_576;
/** Bounds what aliases of aliases can grow to. */
const MAX_ALIASES = 100;

export interface ReadOptions {
  /** 1.1 for files that were written for PyYAML: `yes` is true there. */
  readonly version?: "1.1" | "1.2";
}

/** Reads one YAML document. Its errors say what is wrong and where, and never show a value: it may be a secret. */
export function readDocument(text: string, { version = "1.2" }: ReadOptions = {}): DocumentRead {
  if (Buffer.byteLength(text) > MAX_BYTES) return failure("the file is larger than 1 MiB");
  const lines = new LineCounter();
  const document = parseDocument(text, { ...PARSE_OPTIONS, lineCounter: lines, version });
  const faults = faultsOf(document);
  const errors = faults.map(({ offset, message }) => ({ ...place(lines, offset), message }));
  if (faults.some(({ final }) => final)) return { document: null, errors };
  try {
    const data: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { document: { data, position: (path) => positionOf(document, lines, path) }, errors };
  } catch {
    return failure("the aliases (`*name`) stand for too much");
  }
}

const PARSE_OPTIONS = {
  prettyErrors: false,
  stringKeys: true,
  logLevel: "error",
  // Looked at below: the parser's own check takes minutes for a map of 100,000 keys.
  uniqueKeys: false,
} as const;

const failure = (message: string): DocumentRead => ({
  document: null,
  errors: [{ line: 1, column: 1, message }],
});

interface Fault {
  readonly offset: number;
  readonly message: string;
  /** The values can't be relied on. */
  readonly final: boolean;
}

function faultsOf(document: Document): Fault[] {
  const { errors, warnings } = document;
  const deep = errors.find(({ code }) => code === "RESOURCE_EXHAUSTION");
  if (deep !== undefined) return [{ offset: deep.pos[0], message: "the file nests too deep", final: true }];
  const found = [...errors, ...warnings].map(toFault);
  return errors.length > 0 && found.some(({ final }) => final) ? found : [...found, ...nodeFaults(document)];
}

const toFault = ({ code, message, pos }: YAMLError): Fault => ({
  offset: pos[0],
  message: ERROR_TEXTS[code] ?? (PLAIN_CODES.has(code) ? lowerFirst(message) : "this is not valid YAML"),
  final: code !== "TAG_RESOLVE_FAILED",
});

const ERROR_TEXTS: Readonly<Record<string, string>> = {
  BAD_DQ_ESCAPE: "there is no such escape; in double quotes a backslash is written `\\\\`",
  BAD_SCALAR_START: "a text can't start with this character; put it in quotes",
  BLOCK_AS_IMPLICIT_KEY: "a second `: ` stands in one line; put a text that holds `: ` in quotes",
  MULTIPLE_DOCS: "expected one YAML document; remove the `---`",
  NON_STRING_KEY: "expected a text as key",
  TAB_AS_INDENT: "a tab stands where YAML wants spaces; indent with spaces",
  TAG_RESOLVE_FAILED: "tags are not used here; put a text that starts with `!` in quotes",
  UNEXPECTED_TOKEN: "this does not belong here; put a text with special characters in quotes",
};

/** Those whose messages never quote what stands in the file. */
const PLAIN_CODES: ReadonlySet<string> = new Set([
  "BAD_INDENT",
  "BAD_PROP_ORDER",
  "BLOCK_IN_FLOW",
  "KEY_OVER_1024_CHARS",
  "MISSING_CHAR",
  "MULTILINE_IMPLICIT_KEY",
  "MULTIPLE_ANCHORS",
  "MULTIPLE_TAGS",
]);

const TWICE = "this key stands here twice; each may stand only once";

/** What the parser lets pass: aliases that lead nowhere or into themselves, and keys that stand twice or mean something to JavaScript. */
function nodeFaults(document: Document): Fault[] {
  const faults: Fault[] = [];
  visit(document, {
    Alias(_key, alias, above) {
      const target = alias.resolve(document);
      const offset = alias.range?.[0] ?? 0;
      const message =
        target === undefined
          ? "this alias has no anchor; put a text that starts with `*` in quotes"
          : "this alias stands inside of what it stands for";
      if (target === undefined || above.some((node) => node === target)) {
        faults.push({ offset, message, final: true });
      }
    },
    Map(_key, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const offset = key.range?.[0] ?? 0;
        if (seen.has(key.value)) faults.push({ offset, message: TWICE, final: false });
        if (key.value === "__proto__")
          faults.push({ offset, message: "__proto__ can't be a key", final: true });
        seen.add(key.value);
      }
    },
  });
  return faults;
}

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
