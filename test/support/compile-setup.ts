import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";

const script = (open: string, path: string): string => `
import { openStore } from ${JSON.stringify(open)};
const store = await openStore({ kind: "sqlite", path: ${JSON.stringify(path)} });
await store.close();
`;

/**
 * Fills the compile cache with what the database's worker thread loads, before the tests open hundreds of such threads.
 * Without it each of them strips the types by Node's WebAssembly, and V8 of Node 24 now and then crashes (SIGSEGV in
 * `WasmImportWrapperCache`) when many threads do so and end.
 */
export default async function setup(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-compile-"));
  try {
    // A file, not `--eval`: a worker thread inherits that option and refuses it.
    const main = join(dir, "open.mjs");
    await writeFile(main, script(resolve("src/storage/open.ts"), join(dir, "a.db")));
    await execa(process.execPath, [main]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
