import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

// Builds the dashboard into web/dist, and compresses it once instead of for every request. npm runs it after `npm ci`.
const root = fileURLToPath(new URL("../web/", import.meta.url));

const vite = await import("vite").catch(() => null);
if (vite === null) {
  // `npm ci --omit=dev`: the server works, and says at /ui what is missing.
  console.warn(
    "The dashboard is not built: that takes the development packages (npm ci, then npm prune --omit=dev)",
  );
} else {
  await vite.build({ configFile: join(root, "vite.config.ts") });
  await compress(join(root, "dist"));
}

async function compress(dir: string): Promise<void> {
  const found = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = found.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  for (const path of files) {
    const content = await readFile(path);
    const brotli = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
    await writeFile(`${path}.br`, brotli);
    await writeFile(`${path}.gz`, gzipSync(content, { level: 9 }));
  }
}
