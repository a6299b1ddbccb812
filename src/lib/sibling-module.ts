import { extname } from "node:path";

/**
 * The URL of a module beside the one whose `import.meta.url` is given, for what is started from a file: it is `.ts` in a clone and
 * `.js` in the published package.
 */
export const siblingModule = (name: string, url: string): URL => new URL(`./${name}${extname(url)}`, url);
