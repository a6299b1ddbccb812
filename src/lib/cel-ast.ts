import type { ASTNode } from "@marcbachmann/cel-js";

/** The expressions that one is made of, as they were written. */
export function childrenOf({ args }: ASTNode): ASTNode[] {
  const parts: readonly unknown[] = Array.isArray(args) ? args : [args];
  return parts.flat(2).filter((part) => isNode(part));
}

const isNode = (part: unknown): part is ASTNode =>
  typeof part === "object" && part !== null && "op" in part && "args" in part;
