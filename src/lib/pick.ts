/** Readers for parsed JSON of unknown shape: they never throw, and what is not there is null. */

/** The value at a path of keys, or undefined. Only own keys count. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key)) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}

/** A string that is not empty; whole numbers (ids) are written out, unless they are too large to be exact. */
export function textAt(value: unknown, ...path: readonly string[]): string | null {
  const found = at(value, ...path);
  if (Number.isSafeInteger(found)) return String(found);
  return typeof found === "string" && found !== "" ? found : null;
}

export function numberAt(value: unknown, ...path: readonly string[]): number | null {
  const found = at(value, ...path);
  return typeof found === "number" ? found : null;
}

/** Null for what is neither true nor false. */
export function flagAt(value: unknown, ...path: readonly string[]): boolean | null {
  const found = at(value, ...path);
  return typeof found === "boolean" ? found : null;
}

export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}
