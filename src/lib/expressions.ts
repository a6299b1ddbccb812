import { Environment, Optional, ParseError, TypeError } from "@marcbachmann/cel-js";
import type { ASTNode, ParseResult } from "@marcbachmann/cel-js";
import { childrenOf } from "./cel-ast.ts";
import { registerMatches, useOwnMatches } from "./cel-matches.ts";
import { registerAsText } from "./cel-text.ts";
import { shorten } from "./shorten.ts";
import { messageOf } from "./message-of.ts";

/** A compiled CEL expression. */
export interface Expression {
  /**
   * Whole numbers come as a number, or as a bigint where a number would not be exact; an optional as its value or null.
   * Throws an Error whose message is one sentence for people: `No such key: commit`.
   */
  evaluate(vars: Readonly<Record<string, unknown>>): unknown;
}

/** A text with `${{ expression }}` parts, compiled. */
export type Template = (vars: Readonly<Record<string, unknown>>) => string;

const OPTIONS = { homogeneousAggregateLiterals: false, enableOptionalTypes: true };
const environment = new Environment({ ...OPTIONS, unlistedVariablesAreDyn: true });
registerMatches(environment);
registerAsText(environment);

/** Settings hold few expressions; a server that is reloaded for months must still not gather them for ever. */
const MAX_CACHED = 1_000;
/** Characters of a message; it may quote the event, which a stranger wrote. */
const MAX_MESSAGE = 500;
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
    return sentenceOf(error);
  }
  const { error } = variables === undefined ? {} : withVariables(variables).check(text);
  if (error === undefined) return null;
  const known = variables?.join(", ") ?? "";
  return error.code === "unknown_variable" ? `${sentenceOf(error)}; known here: ${known}` : sentenceOf(error);
}

function withVariables(variables: readonly string[]): Environment {
  const strict = new Environment({ ...OPTIONS, unlistedVariablesAreDyn: false });
  registerAsText(strict);
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
        return plainValue(parsed(vars));
      } catch (error) {
        throw new Error(sentenceOf(error), { cause: error });
      }
    },
  };
}

function plainValue(value: unknown): unknown {
  if (value instanceof Optional) return value.hasValue() ? plainValue(value.value()) : null;
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function parse(text: string): ParseResult {
  try {
    const parsed = environment.parse(text);
    useOwnMatches(parsed.ast);
    return parsed;
  } catch (error) {
    throw new Error(sentenceOf(error), { cause: error });
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
    const text = textOf(value);
    if (text === null) throw new Error(`\${{ ${source} }} is ${kindOf(value)}, not a text`);
    return text;
  };
}

/**
 * A value of an expression as text, or null when it is not one. A number too large to be exact is none: a JSON id of
 * more than 15 digits has lost its end already, and would name something else.
 */
export function textOf(value: unknown): string | null {
  if (typeof value === "number") return isExact(value) ? String(value) : null;
  return typeof value === "string" || typeof value === "boolean" || typeof value === "bigint"
    ? String(value)
    : null;
}

const isExact = (value: number): boolean => Math.abs(value) <= Number.MAX_SAFE_INTEGER;

/** What a value is, for messages: `a list`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" && !isExact(value)) return "a number too large to be exact";
  return typeof value === "object" ? "a map" : `a ${typeof value}`;
}

/** The library's messages draw the place below them; the first line is the sentence. */
function sentenceOf(error: unknown): string {
  if (error instanceof ParseError || error instanceof TypeError)
    return `${error.summary} (at character ${(error.range?.start ?? 0) + 1})`;
  const message = messageOf(error);
  return shorten(message.split("\n")[0] ?? message, MAX_MESSAGE);
}

function cached<T>(cache: Map<string, T>, text: string, make: (text: string) => T): T {
  const known = cache.get(text);
  if (known !== undefined) return known;
  if (cache.size >= MAX_CACHED) cache.clear();
  const made = make(text);
  cache.set(text, made);
  return made;
}
