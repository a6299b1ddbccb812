import type { LogStream } from "../domain/task.ts";
import type { Masker } from "../lib/masking.ts";
import type { NewLogEntry, Store } from "../storage/store.ts";
import type { Hub } from "./hub.ts";
import { persist } from "./persist.ts";

export interface LogLine {
  readonly stream: LogStream;
  /** Step index, or null for the task itself. */
  readonly step: number | null;
  readonly text: string;
}

/** Takes the lines of one task: masks, bounds and stores them, in order. */
export interface TaskLog {
  write(line: LogLine): void;
  /** Resolves when all that was written is stored. */
  flush(): Promise<void>;
}

export interface TaskLogOptions {
  readonly store: Pick<Store, "appendLog">;
  readonly hub: Pick<Hub, "notify">;
  readonly taskId: string;
  readonly masker: Masker;
  /** Bound on the bytes of command output; our own lines are few and always kept. */
  readonly maxBytes: number;
  readonly now: () => Date;
  /** Entries that the store can't take, for a reason that trying again would not change, are dropped. */
  readonly onError: (error: unknown) => void;
}

/**
 * Counted for each line beside its bytes, about what a row costs: else a million empty lines would be free and fill the
 * memory and the disk.
 */
const LINE_BYTES = 64;

export function createTaskLog(options: TaskLogOptions): TaskLog {
  const { store, hub, taskId, masker, maxBytes, now, onError } = options;
  let waiting: NewLogEntry[] = [];
  let storing: Promise<void> | null = null;
  let bytes = 0;

  function enqueue({ stream, step, text }: LogLine): void {
    waiting.push({ taskId, time: now().toISOString(), stream, step, text });
    storing ??= storeAll();
  }

  /** One call at a time: lines that come meanwhile go together in the next. */
  async function storeAll(): Promise<void> {
    while (waiting.length > 0) {
      const entries = waiting;
      waiting = [];
      await persist(() => store.appendLog(entries)).catch(onError);
      hub.notify(taskId);
    }
    storing = null;
  }

  return {
    write(line) {
      if (line.stream !== "system" && bytes > maxBytes) return undefined;
      // A NUL is no character that every database takes.
      const text = masker.mask(line.text).replaceAll("\0", "\u2400");
      if (line.stream === "system") return enqueue({ ...line, text });
      bytes += Buffer.byteLength(text) + LINE_BYTES;
      if (bytes <= maxBytes) return enqueue({ ...line, text });
      return enqueue({ stream: "system", step: line.step, text: cutNotice(maxBytes) });
    },
    async flush() {
      await (storing ?? Promise.resolve());
    },
  };
}

const cutNotice = (maxBytes: number): string =>
  `The output is longer than ${maxBytes} bytes (max_log); what the commands print from here on is not kept`;
