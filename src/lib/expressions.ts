import { Environment, ParseError, TypeError, type ASTNode, type ParseResult } from "@marcbachmann/cel-js";

/** A compiled CEL expression. */
export interface Expression {
  /** Throws an Error whose message is one sentence for people: `No such key: commit`. */
  evaluate(vars: Readonly<Record<string, unknown>>): unknown;
}

/** A text with `${{ expression }}` parts, compiled. */
export type Template = (vars: Readonly<Record<string, unknown>>) => string;

const OPTIONS = { homogeneousAggregateLiterals: false, enableOptionalTypes: true };
const environment = new Environment({ ...OPTIONS, unlistedVariablesAreDyn: true });

/** Settings hold few expressions; a server that is reloaded for months must still not gather them for ever. */
const MAX_CACHED = 1_000;
const expressions = new Map<string, Expression>();
const templates = new Map<string, Template>();

/** Compiles CEL (https://cel.dev); throws an Error that names the place when it can't be parsed. */
export const compileExpression = (text: string): Expression => cached(expressions, text, compile);

/**
 * The problem of an expression that can't be parsed, or null. With `variables` also of one that names another variable, a
 * function that there is not, or types that don't go together.
 */
export function checkExpression(text: string, variables?: readonly string[]): string | null {
  try {
    compileExpression(text);
  } catch (error) {
    return messageOf(error);
  }
  const { error } = variables === undefined ? {} : withVariables(variables).check(text);
  if (error === undefined) return null;
  const known = variables?.join(", ") ?? "";
  return error.code === "unknown_variable" ? `${messageOf(error)}; known here: ${known}` : messageOf(error);
}

function withVariables(variables: readonly string[]): Environment {
  const strict = new Environment({ ...OPTIONS, unlistedVariablesAreDyn: false });
  for (const name of variables) strict.registerVariable(name, "dyn");
  return strict;
}

/** What an expression reads of a variable: `sha` of `params.sha`, `npm ci` of `steps["npm ci"].outputs.x`. */
export interface Reference {
  readonly variable: string;
  readonly member: string;
}

/** The members that an expression reads of its variables, by their name. Throws when it can't be parsed. */
export const referencesIn = (text: string): readonly Reference[] => collectReferences(parse(text).ast);

function collectReferences(node: ASTNode): readonly Reference[] {
  const own = referenceOf(node);
  return [...(own === null ? [] : [own]), ...childrenOf(node).flatMap(collectReferences)];
}

function referenceOf({ op, args }: ASTNode): Reference | null {
  if (op !== "." && op !== ".?" && op !== "[]" && op !== "[?]") return null;
  const [target, member] = args;
  if (target.op !== "id") return null;
  if (typeof member === "string") return { variable: target.args, member };
  const key = member.op === "value" ? member.args : null;
  return typeof key === "string" ? { variable: target.args, member: key } : null;
}

const childrenOf = ({ args }: ASTNode): ASTNode[] => [args as unknown].flat(3).filter(isNode);

const isNode = (value: unknown): value is ASTNode =>
  typeof value === "object" && value !== null && "op" in value;

export const hasTemplate = (text: string): boolean => text.includes("${{");

/** The expressions of a template, in order. */
export const expressionsIn = (text: string): readonly string[] =>
  [...text.matchAll(TEMPLATE)].map(([, expression = ""]) => expression.trim());

/**
 * Compiles a text in which each `${{ expression }}` is replaced by its value. A value that is null, a list or a map is an
 * error: what it should look like in a command nobody could say.
 */
export const compileTemplate = (text: string): Template => cached(templates, text, compileText);

const TEMPLATE = /\$\{\{(.*?)\}\}/gs;

function compile(text: string): Expression {
  const parsed = parse(text);
  return {
    evaluate(vars) {
      try {
        const value: unknown = parsed(vars);
        return typeof value === "bigint" ? Number(value) : value;
      } catch (error) {
        throw new Error(messageOf(error), { cause: error });
      }
    },
  };
}

function parse(text: string): ParseResult {
  try {
    return environment.parse(text);
  } catch (error) {
    throw new Error(messageOf(error), { cause: error });
  }
}

function compileText(text: string): Template {
  if (!hasTemplate(text)) return () => text;
  const parts = text.split(TEMPLATE).map((part, index) => (index % 2 === 0 ? part : toPart(part.trim())));
  return (vars) => parts.map((part) => (typeof part === "string" ? part : part(vars))).join("");
}

function toPart(source: string): Template {
  const expression = compileExpression(source);
  return (vars) => {
    const value = expression.evaluate(vars);
    if (typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    const kind = value === null || value === undefined ? "null" : Array.isArray(value) ? "a list" : "a map";
    throw new Error(`\${{ ${source} }} is ${kind}, not a text`);
  };
}

/** The library's messages draw the place below them; the first line is the sentence. */
function messageOf(error: unknown): string {
  if (error instanceof ParseError || error instanceof TypeError)
    return `${error.summary} (at character ${(error.range?.start ?? 0) + 1})`;
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n")[0] ?? message;
}

function cached<T>(cache: Map<string, T>, text: string, make: (text: string) => T): T {
  const known = cache.get(text);
  if (known !== undefined) return known;
  if (cache.size >= MAX_CACHED) cache.clear();
  const made = make(text);
  cache.set(text, made);
  return made;
}
