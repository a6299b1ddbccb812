import type { Client } from "../client/client.ts";
import type { TaskWire } from "../client/schemas.ts";
import { EXIT } from "./exit-codes.ts";
import type { Output } from "./output.ts";
import { createTaskView } from "./task-view.ts";

export interface FollowInput {
  readonly client: Client;
  readonly output: Output;
  readonly id: string;
  readonly after?: number;
  /** What Ctrl-C leaves behind, in a sentence. */
  readonly onInterrupt?: string;
}

/** Shows a task to its end. Resolves with the exit code: 0 only when it succeeded; Ctrl-C leaves the task alone. */
export async function followTask({
  client,
  output,
  id,
  after = 0,
  onInterrupt,
}: FollowInput): Promise<number> {
  const view = createTaskView(output);
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort();
  process.once("SIGINT", stop);
  let task: TaskWire | null = null;
  try {
    for await (const event of client.followTask(id, { after, signal: interrupt.signal })) {
      if (event.type === "task") ({ task } = event);
      view.show(event);
    }
  } catch (error) {
    view.end(null);
    if (!interrupt.signal.aborted) throw error;
    output.note(onInterrupt ?? `The task goes on. Cancel it with: hookwright cancel ${id}`);
    return EXIT.interrupted;
  } finally {
    process.off("SIGINT", stop);
  }
  view.end(task);
  return task?.outcome === "succeeded" ? EXIT.ok : EXIT.failed;
}
