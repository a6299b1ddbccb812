import { watch, type FSWatcher } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";

const QUIET_MS = 200;

export interface WatchOptions {
  readonly file: string;
  /** The content in force: a change between reading it and watching counts too. */
  readonly known: string;
  readonly onChange: () => void;
  /** It can't be watched (no more), and why. SIGHUP still reloads. */
  readonly onError: (error: unknown) => void;
}

/**
 * Calls back when the file's content has changed. Watches its folder: editors and Kubernetes replace a file rather than
 * write into it. Returns the function that ends the watch.
 */
export function watchSettings({ file, known: initial, onChange, onError }: WatchOptions): () => void {
  let timer: NodeJS.Timeout | undefined;
  let known = initial;

  async function look(): Promise<void> {
    const text = await read(file);
    // A file that is just being replaced; its new content is another change.
    if (text === null || text === known) return;
    known = text;
    onChange();
  }

  function lookSoon(): void {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), QUIET_MS);
  }

  const watcher = openWatcher(dirname(file), lookSoon, onError);
  lookSoon();
  return () => {
    clearTimeout(timer);
    watcher?.close();
  };
}

function openWatcher(
  dir: string,
  onEvent: () => void,
  onError: (error: unknown) => void,
): FSWatcher | undefined {
  try {
    const watcher = watch(dir, onEvent);
    return watcher.on("error", (error) => {
      watcher.close();
      onError(error);
    });
  } catch (error) {
    // The system allows only so many watches.
    onError(error);
    return undefined;
  }
}

const read = (file: string): Promise<string | null> => readFile(file, "utf8").catch(() => null);
