import { unwatchFile, watchFile } from "node:fs";
import { AppError } from "../domain/errors.ts";
import { readSettingsFile } from "./read-file.ts";

const POLL_MS = 250;
/** Longer than between two looks: many writes, one after another, are one change. */
const QUIET_MS = 400;

export interface WatchOptions {
  readonly file: string;
  /** The text in force: a change between reading it and watching counts too. */
  readonly known: string;
  readonly onChange: () => void;
}

/**
 * Calls back when the file's content has changed, whatever changed it: an editor that replaces the file, a link somewhere
 * on the way to it (as Kubernetes does), a folder that went and came back. So it looks at the file again and again; the
 * system's own notices know only of one folder, and not of every file system. Returns the function that ends the watch.
 */
export function watchSettings({ file, known: initial, onChange }: WatchOptions): () => void {
  let timer: NodeJS.Timeout | undefined;
  let known = initial;
  let ended = false;

  async function look(): Promise<void> {
    const text = await read(file);
    // A file that is just being replaced; its new content is another change.
    if (ended || text === null || text === known) return;
    known = text;
    onChange();
  }

  function lookSoon(): void {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), QUIET_MS);
  }

  watchFile(file, { interval: POLL_MS, persistent: false }, lookSoon);
  lookSoon();
  return () => {
    ended = true;
    clearTimeout(timer);
    unwatchFile(file, lookSoon);
  };
}

/** Null when it is not there. What is no text is a change too: whoever reloads is told what is wrong. */
const read = (file: string): Promise<string | null> =>
  readSettingsFile(file).catch((error: unknown) =>
    error instanceof AppError && error.code === "settings:invalid" ? error.message : null,
  );
