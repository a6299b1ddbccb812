import type { ASTNode, Environment } from "@marcbachmann/cel-js";
import { childrenOf } from "./cel-ast.ts";
import { compilePattern } from "./linear-pattern.ts";

/**
 * `text.matches(pattern)` as CEL defines it, by RE2; the library's own uses JavaScript's engine (see linear-pattern.ts).
 * It lets nobody replace a function, so calls are sent to one of another name.
 */
const OWN_NAME = "matches_re2";

/** Longest text that is searched, in characters. */
const MAX_TEXT = 262_144;

export function registerMatches(environment: Environment): void {
  environment.registerFunction(`string.${OWN_NAME}(string): bool`, (text: string, pattern: string) => {
    if (text.length > MAX_TEXT) throw new Error(`matches() takes at most ${MAX_TEXT} characters of text`);
    return compilePattern(pattern).finds(text);
  });
}

/** Sends every call of `matches` in a parsed expression to ours. Throws when a pattern written out there is not valid. */
export function useOwnMatches(node: ASTNode): void {
  if (node.op === "rcall" && node.args[0] === "matches") {
    node.args[0] = OWN_NAME;
    const [pattern] = node.args[2];
    if (pattern?.op === "value" && typeof pattern.args === "string") compilePattern(pattern.args);
  }
  for (const child of childrenOf(node)) useOwnMatches(child);
}
