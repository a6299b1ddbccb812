import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LOCAL_FILES } from "../domain/local-files.ts";

/** Tells tools on this machine where the server listens, whatever `--listen` or port 0 made of it. */
export async function writeLocalAddress(dir: string, url: string): Promise<void> {
  const file = join(dir, LOCAL_FILES.url);
  await writeFile(`${file}.new`, `${url}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Unless another server has put its own there meanwhile. */
export async function removeLocalAddress(dir: string, url: string): Promise<void> {
  const file = join(dir, LOCAL_FILES.url);
  const known = await readFile(file, "utf8").catch(() => "");
  if (known.trim() === url) await rm(file, { force: true });
}
