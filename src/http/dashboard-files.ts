import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";

/** One file of the built dashboard, in memory, as `npm run build:web` has left it. */
export interface DashboardFile {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  /** By content coding; what compressing does not shrink has none. */
  readonly encoded: Readonly<Partial<Record<Coding, Buffer>>>;
}

export const CODINGS = { br: ".br", gzip: ".gz" } as const;
export type Coding = keyof typeof CODINGS;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".md": "text/markdown; charset=utf-8",
};

export type DashboardFiles = ReadonlyMap<string, DashboardFile>;

/** By path (`assets/index-x.js`); null when the dashboard has not been built. A look-up in it can't leave the folder. */
export async function readDashboard(dir: string): Promise<DashboardFiles | null> {
  const found = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = found.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  const contents = new Map<string, Buffer>();
  for (const path of paths) {
    contents.set(relative(dir, path).split(sep).join("/"), await readFile(path));
  }
  const files = new Map<string, DashboardFile>();
  for (const [name, plain] of contents) {
    const type = TYPES[extname(name)];
    if (type !== undefined)
      files.set(name, { type, plain, etag: etagOf(plain), encoded: encodedOf(contents, name) });
  }
  return files.has("index.html") ? files : null;
}

const etagOf = (content: Buffer): string =>
  `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`;

function encodedOf(contents: ReadonlyMap<string, Buffer>, name: string): DashboardFile["encoded"] {
  const found = Object.entries(CODINGS).map(([coding, end]) => [coding, contents.get(name + end)] as const);
  return Object.fromEntries(found.filter(([, content]) => content !== undefined));
}
