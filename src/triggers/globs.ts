import { compilePattern } from "../lib/linear-pattern.ts";
import { globPattern } from "./glob-pattern.ts";
import { messageOf } from "../lib/message-of.ts";

export type GlobTest = (text: string) => boolean;

const cache = new WeakMap<readonly string[], GlobTest>();

/**
 * Matches a text that any of the globs fits and none of those with a leading `!`. `*` stops at `/`, `**` does not.
 * A list of exclusions alone fits all else. Cached by the list, which must not change.
 */
export function globTest(globs: readonly string[]): GlobTest {
  const cached = cache.get(globs);
  if (cached !== undefined) return cached;
  const test = compile(globs);
  cache.set(globs, test);
  return test;
}

/** The problem of a glob, with or without its `!`, or null. */
export function checkGlob(glob: string): string | null {
  const text = isExclusion(glob) ? glob.slice(1) : glob;
  if (text === "") return "it is empty";
  try {
    compilePattern(globPattern(text));
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

function compile(globs: readonly string[]): GlobTest {
  const patternOf = (glob: string) => compilePattern(globPattern(glob));
  const included = globs.filter((glob) => !isExclusion(glob)).map((glob) => patternOf(glob));
  const excluded = globs.filter((glob) => isExclusion(glob)).map((glob) => patternOf(glob.slice(1)));
  return (text) =>
    (included.length === 0 || included.some((pattern) => pattern.fits(text))) &&
    !excluded.some((pattern) => pattern.fits(text));
}

const isExclusion = (glob: string): boolean => glob.startsWith("!");
