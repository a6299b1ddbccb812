import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Of the relay, which is a program of its own. */
const OTHERS = /^(?:relay\/|cli\/commands\/relay)/;
const CALL = /\blogger\.(?:trace|debug|info|warn|error|fatal)\(\s*(?=\{)/g;

/** The fields that calls of the server's logger name, each with the files; what is spread into one is not seen. */
export function loggedFields(): Map<string, string[]> {
  const src = join(import.meta.dirname, "../../src");
  const fields = new Map<string, string[]>();
  for (const file of globSync("**/*.ts", { cwd: src })) {
    if (OTHERS.test(file)) continue;
    const text = readFileSync(join(src, file), "utf8");
    for (const { index, 0: found } of text.matchAll(CALL)) {
      for (const name of namesIn(text, index + found.length))
        fields.set(name, [...(fields.get(name) ?? []), file]);
    }
  }
  return fields;
}

/** Of the object literal that begins there. */
function namesIn(text: string, start: number): string[] {
  const parts = [""];
  let depth = 0;
  for (const char of text.slice(start)) {
    if ("{([".includes(char)) depth += 1;
    if (")]}".includes(char)) depth -= 1;
    if (depth === 0) break;
    if (depth === 1 && char === ",") parts.push("");
    else if (depth > 1 || char !== "{") parts[parts.length - 1] += char;
  }
  return parts.flatMap((part) => /^\s*(\w+)/.exec(part)?.[1] ?? []);
}
