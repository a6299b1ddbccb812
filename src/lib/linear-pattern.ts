import { RE2JS, RE2JSSyntaxException } from "re2js";
import { messageOf } from "./message-of.ts";

/**
 * A regular expression of RE2, which takes time in proportion to the text. JavaScript's own engine can be kept busy for
 * hours by a text of a few dozen characters, and texts come from whoever may name a branch or write a commit message.
 * The price: no lookaround and no backreference.
 */
export interface LinearPattern {
  /** Whether it fits some part of the text. */
  finds(text: string): boolean;
  /** Whether it fits the whole text, newlines and all. */
  fits(text: string): boolean;
}

/** Settings hold few patterns; a server that is reloaded for months must still not gather them for ever. */
const MAX_CACHED = 1_000;
const cache = new Map<string, LinearPattern>();

/** Compiles (https://github.com/google/re2/wiki/Syntax), cached; throws an Error of one sentence. */
export function compilePattern(source: string): LinearPattern {
  const known = cache.get(source);
  if (known !== undefined) return known;
  const made = compile(source);
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(source, made);
  return made;
}

/** The problem of a pattern that can't be compiled, or null. */
export function checkPattern(source: string): string | null {
  try {
    compilePattern(source);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** A character as itself, also inside a class. */
export const literal = (char: string): string =>
  /^\w$/.test(char) ? char : `\\x{${(char.codePointAt(0) ?? 0).toString(16)}}`;

function compile(source: string): LinearPattern {
  try {
    const re2 = RE2JS.compile(source);
    return { finds: (text) => re2.test(text), fits: (text) => re2.testExact(text) };
  } catch (error) {
    throw new Error(`${source} is not a regular expression of RE2: ${detailOf(error, source)}`, {
      cause: error,
    });
  }
}

function detailOf(error: unknown, source: string): string {
  if (!(error instanceof RE2JSSyntaxException)) return messageOf(error);
  return error.input === null || error.input === source ? error.error : `${error.error} at ${error.input}`;
}
