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
}

export function createTaskLog({ store, hub, taskId, masker, maxBytes, now }: TaskLogOptions): TaskLog {
  let waiting: NewLogEntry[] = [];
  let storing: Promise<void> | null = null;
  let bytes = 0;

  function enqueue({ stream, step, text }: LogLine): void {
    waiting.push({ taskId, time: now().toISOString(), stream, step, text });
    storing ??= storeAll();
  }

  /** One call at a time: lines that come meanwhile go together in the next. */
  async function storeAll(): Promise<void> {
    try {
      while (waiting.length > 0) {
        const entries = waiting;
        waiting = [];
        await persist(() => store.appendLog(entries));
        hub.notify(taskId);
      }
    } finally {
      storing = null;
    }
  }

  return {
    write(line) {
      const text = masker.mask(line.text);
      if (line.stream === "system") return enqueue({ ...line, text });
      if (bytes > maxBytes) return undefined;
      bytes += Buffer.byteLength(text);
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
