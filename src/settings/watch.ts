import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";

const QUIET_MS = 200;

export interface WatchOptions {
  readonly file: string;
  readonly onChange: () => void;
}

/**
 * Calls back when the file's content has changed. Watches its folder: editors and Kubernetes replace a file rather than
 * write into it. Returns the function that ends the watch.
 */
export function watchSettings({ file, onChange }: WatchOptions): () => void {
  let timer: NodeJS.Timeout | undefined;
  let known: string | null = null;
  const ready = read(file).then((text) => {
    known ??= text;
  });

  async function look(): Promise<void> {
    await ready;
    const text = await read(file);
    // A file that is just being replaced; its new content is another change.
    if (text === null || text === known) return;
    known = text;
    onChange();
  }

  const watcher = watch(dirname(file), () => {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), QUIET_MS);
  });
  // The folder is gone: SIGHUP still reloads.
  watcher.on("error", () => watcher.close());
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}

const read = (file: string): Promise<string | null> => readFile(file, "utf8").catch(() => null);
