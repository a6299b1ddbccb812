/** A page of Markdown as its head and its parts, each from a `##` on. */
const partsOf = (page: string): string[] => page.split(/^(?=## )/m);
const titleOf = (part: string): string => part.split("\n", 1)[0] ?? "";

/** The page with some parts anew, each where it was, or else at the end. */
export function withParts(page: string, parts: readonly string[]): string {
  const fresh = new Map(parts.map((part) => [titleOf(part), `${part.trimEnd()}\n\n`]));
  const kept = partsOf(page).map((part) => {
    const title = titleOf(part);
    const changed = fresh.get(title);
    fresh.delete(title);
    return changed ?? `${part.trimEnd()}\n\n`;
  });
  return `${[...kept, ...fresh.values()].join("").trimEnd()}\n`;
}
