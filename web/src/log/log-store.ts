import type { LogEntryWire } from "../../../src/client/schemas.ts";
import { client } from "../api.ts";
import { onNews, watchLog } from "../live.ts";
import { withoutColours } from "./clean.ts";

const PAGE = 1_000;
/** However fast lines come, the view is told no more often. */
const TELL_MS = 100;

/** All lines of one task, outside of the view's state: a hundred thousand must not be copied for each new one. */
export interface LogStore {
  readonly entries: readonly LogEntryWire[];
  /** False until all that there was has been read. */
  readonly complete: boolean;
  readonly error: unknown;
  onChange(listener: () => void): () => void;
  /** Indexes of the lines, among the first `count`, that hold the text, whatever the case. */
  find(text: string, count: number): readonly number[];
  /** Index of the first line of a step; -1 without any. */
  firstOf(step: number): number;
  text(): string;
  close(): void;
}

/** Reads what there is, page by page, then goes on with the stream where that ended. */
export function openLog(taskId: string, isOpen: boolean): LogStore {
  const entries: LogEntryWire[] = [];
  const listeners = new Set<() => void>();
  let complete = false;
  let error: unknown = null;
  let closed = false;
  let telling: ReturnType<typeof setTimeout> | undefined;
  let unwatch = (): void => undefined;

  const last = (): number => entries.at(-1)?.seq ?? 0;

  function changed(): void {
    telling ??= setTimeout(() => {
      telling = undefined;
      for (const listener of listeners) listener();
    }, TELL_MS);
  }

  async function readAll(): Promise<void> {
    while (!closed) {
      const { items } = await client.listLog(taskId, { after: last(), limit: PAGE });
      entries.push(...items);
      changed();
      if (items.length < PAGE) break;
    }
    complete = true;
    changed();
    if (!closed && isOpen) follow();
  }

  function follow(): void {
    const endNews = onNews((news) => {
      if (news.type !== "log" || news.entry.task_id !== taskId || news.entry.seq <= last()) return;
      entries.push(news.entry);
      changed();
    });
    const endWatch = watchLog({ taskId, after: last });
    unwatch = () => {
      endNews();
      endWatch();
    };
  }

  readAll().catch((fault: unknown) => {
    error = fault;
    changed();
  });

  return {
    entries,
    get complete() {
      return complete;
    },
    get error() {
      return error;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    find(text, count) {
      const wanted = text.toLowerCase();
      const found: number[] = [];
      for (const [index, entry] of entries.entries()) {
        if (index >= count) break;
        if (withoutColours(entry.text).toLowerCase().includes(wanted)) found.push(index);
      }
      return found;
    },
    firstOf: (step) => entries.findIndex((entry) => entry.step === step),
    text: () => entries.map((entry) => `${withoutColours(entry.text)}\n`).join(""),
    close() {
      closed = true;
      clearTimeout(telling);
      unwatch();
    },
  };
}
