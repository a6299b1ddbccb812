import type { Page } from "../store.ts";

/** Cuts a page from rows of which one more than `limit` was asked for. The cursor is the last row's `seq`. */
export function pageOf<R extends { readonly seq: number }, T>(
  rows: readonly R[],
  limit: number,
  convert: (row: R) => T,
): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const next = rows.length > limit && last !== undefined ? String(last.seq) : null;
  return { items: items.map((row) => convert(row)), next };
}

/** The `seq` that a cursor stands for; one that makes no sense yields the first page's bound. */
export function beforeCursor(cursor: string | undefined): number {
  const seq = cursor === undefined ? Number.NaN : Number(cursor);
  return Number.isSafeInteger(seq) ? seq : Number.MAX_SAFE_INTEGER;
}
