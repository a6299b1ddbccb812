import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { findBrowser } from "./browser.ts";

/** Builds the dashboard where it is not what its sources say, and says so plainly when no browser can look at it. */
export default async function setup(): Promise<void> {
  const built = await stat("web/dist/index.html").catch(() => null);
  if (built === null || (await newest(["web", "src/client", "src/domain"])) > built.mtimeMs) {
    await execa(process.execPath, [resolve("scripts/build-web.ts")], { env: { NODE_ENV: "production" } });
  }
  if (findBrowser() !== null) return;
  const missing =
    "NO BROWSER: the tests of the dashboard (test/web) are SKIPPED. Install one: apt-get install chromium";
  if (process.env["HOOKWRIGHT_NEEDS_BROWSER"] === "1") throw new Error(missing);
  console.warn(`\n${missing}\n`);
}

async function newest(dirs: readonly string[]): Promise<number> {
  let last = 0;
  for (const dir of dirs) {
    const found = await readdir(dir, { recursive: true, withFileTypes: true });
    const files = found.filter((each) => each.isFile() && !each.parentPath.startsWith("web/dist"));
    for (const { parentPath, name } of files) {
      last = Math.max(last, (await stat(join(parentPath, name))).mtimeMs);
    }
  }
  return last;
}
