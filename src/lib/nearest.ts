import { closest, distance } from "fastest-levenshtein";

/** The known word that `word` was probably meant to be, or null when none comes near. */
export function nearest(word: string, known: readonly string[]): string | null {
  if (known.length === 0) return null;
  const candidate = closest(word, known);
  const allowed = Math.max(2, Math.floor(candidate.length / 3));
  return distance(word, candidate) <= allowed ? candidate : null;
}
