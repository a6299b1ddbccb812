import picomatch from "picomatch";

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

function compile(globs: readonly string[]): GlobTest {
  const options = { dot: true, nonegate: true };
  const included = globs.filter((glob) => !glob.startsWith("!")).map((glob) => picomatch(glob, options));
  const excluded = globs
    .filter((glob) => glob.startsWith("!"))
    .map((glob) => picomatch(glob.slice(1), options));
  return (text) =>
    (included.length === 0 || included.some((test) => test(text))) && !excluded.some((test) => test(text));
}
