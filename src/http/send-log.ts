import type { App } from "../usecases/app.ts";
import { LIMITS } from "./limits.ts";
import { type EventStream, eventText, send } from "./sse.ts";
import { logEntryToWire } from "./wire/task.ts";

export interface LogPlace {
  readonly taskId: string;
  /** Only log entries with a higher `seq`. */
  readonly after: number;
}

/** Sends what the store has of a task's log beyond a place; resolves with the last `seq` sent. */
export async function sendLog(
  stream: EventStream,
  app: Pick<App, "listLog">,
  { taskId, after }: LogPlace,
): Promise<number> {
  let seq = after;
  for (;;) {
    const entries = await app.listLog({ taskId, after: seq, limit: LIMITS.logPage });
    for (const entry of entries) {
      await send(stream, eventText("log", JSON.stringify(logEntryToWire(entry)), entry.seq));
      seq = entry.seq;
    }
    if (entries.length < LIMITS.logPage || stream.ended.aborted) return seq;
  }
}
