import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../domain/errors.ts";
import type { Task } from "../domain/task.ts";
import type { App } from "../usecases/app.ts";
import { AUDIT, DELIVERIES, MESSAGES } from "../usecases/hub.ts";
import { LIMITS } from "./limits.ts";
import { type LogPlace, sendLog } from "./send-log.ts";
import { createChanges, type EventStream, eventText, everyWhile, send, STILL_HERE } from "./sse.ts";
import { taskToWire } from "./wire/task.ts";

export interface LivePump extends EventStream {
  readonly app: Pick<App, "getTask" | "listLog" | "watchAll">;
  /** The task whose log is sent too. */
  readonly log: LogPlace | null;
  readonly sees: (task: Task) => boolean;
  readonly check: () => Promise<unknown>;
  readonly heartbeatMs: number;
}

/** `changed` says what to look at again; `tasks` only where too many have changed to send each. */
type Topic = "tasks" | "deliveries" | "audit" | "messages";

/** What the hub has no task's id for. */
const TOPICS: ReadonlyMap<string, Topic> = new Map([
  [DELIVERIES, "deliveries"],
  [AUDIT, "audit"],
  [MESSAGES, "messages"],
]);

/** What has changed since it was last asked. */
interface News {
  readonly tasks: Set<string>;
  readonly topics: Set<Topic>;
}

/** All tasks as they change, the news that deliveries have come, and one task's log. Each round tells what the last has not. */
export async function pumpLive(stream: LivePump): Promise<void> {
  const { app, ended, heartbeatMs, check } = stream;
  const changes = createChanges(ended, heartbeatMs);
  let news = noNews();
  let after = stream.log?.after ?? 0;
  const checkNowAndThen = everyWhile(heartbeatMs, check);
  const unwatch = app.watchAll((id) => {
    note(news, id);
    changes.notify();
  });
  try {
    // Whoever reads the lists once this has come misses nothing.
    await send(stream, eventText("ready", "{}"));
    while (!ended.aborted) {
      const told = news;
      news = noNews();
      await tell(stream, told);
      // After the task: its log is complete when it has ended.
      if (stream.log !== null) after = await sendLog(stream, app, { taskId: stream.log.taskId, after });
      // A task that prints a thousand lines in a second is some changes, not a thousand.
      await delay(LIMITS.livePauseMs, undefined, { signal: ended }).catch(() => undefined);
      if (!(await changes.next())) await send(stream, STILL_HERE);
      await checkNowAndThen();
    }
  } finally {
    unwatch();
  }
}

const noNews = (): News => ({ tasks: new Set(), topics: new Set() });

function note({ tasks, topics }: News, id: string | null): void {
  const topic = id === null ? undefined : TOPICS.get(id);
  if (id === null) for (const each of TOPICS.values()) topics.add(each);
  if (topic !== undefined) topics.add(topic);
  else if (id === null || tasks.size >= LIMITS.liveTasks) topics.add("tasks");
  else tasks.add(id);
}

async function tell(stream: LivePump, { tasks, topics }: News): Promise<void> {
  if (!topics.has("tasks")) {
    for (const id of tasks) {
      const task = await stream.app.getTask(id).catch(unlessGone);
      if (task !== null && stream.sees(task))
        await send(stream, eventText("task", JSON.stringify(taskToWire(task))));
    }
  }
  if (topics.size > 0) await send(stream, eventText("changed", JSON.stringify({ topics: [...topics] })));
}

/** A task may be removed between its news and the look at it. */
function unlessGone(error: unknown): null {
  if (error instanceof AppError && error.code === "task:not_found") return null;
  throw error;
}
