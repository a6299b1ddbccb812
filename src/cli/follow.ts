import type { TaskWire } from "../client/schemas.ts";
import { TASK_MARKER } from "../domain/process-marks.ts";
import { endMarked } from "../lib/processes/end-marked.ts";
import { onSignals } from "../lib/signals.ts";
import type { Connection } from "./connect.ts";
import { EXIT } from "./exit-codes.ts";
import { shortId } from "./find.ts";
import { inWords } from "./invocation.ts";
import type { Output } from "./output.ts";
import { createTaskView } from "./task-view.ts";

export interface FollowInput {
  readonly connection: Pick<Connection, "client" | "offline">;
  readonly output: Output;
  readonly id: string;
  /** What Ctrl-C leaves behind, in a sentence; default: that the task goes on. */
  readonly onInterrupt?: string;
}

/**
 * Shows a task to its end. Resolves with the exit code: 0 only when it succeeded. Ctrl-C leaves a task of a running server
 * alone; one that runs in this process is cancelled, and killed by a second Ctrl-C.
 */
export async function followTask(input: FollowInput): Promise<number> {
  const { connection, output, id } = input;
  const view = createTaskView(output);
  const leave = new AbortController();
  const interrupts = connection.offline ? cancelHere(input) : leaveAlone(input, leave);
  if (!connection.offline) output.gone.addEventListener("abort", () => leave.abort());
  const onReconnect = (): void => output.note("The connection broke; trying again");
  let task: TaskWire | null = null;
  try {
    for await (const event of connection.client.followTask(id, { signal: leave.signal, onReconnect })) {
      if (event.type === "task") ({ task } = event);
      view.show(event);
    }
  } catch (error) {
    if (!leave.signal.aborted) throw error;
    task = null;
  } finally {
    interrupts.end();
    view.end(task);
  }
  interrupts.farewell();
  if (interrupts.count() > 0) return EXIT.interrupted;
  return output.gone.aborted || task?.outcome === "succeeded" ? EXIT.ok : EXIT.failed;
}

interface Interrupts {
  count(): number;
  /** Takes the handlers away. */
  end(): void;
  /** Says what is left behind, if anything. */
  farewell(): void;
}

function countSignals(react: (count: number) => void): Pick<Interrupts, "count" | "end"> {
  let count = 0;
  const interrupt = (): void => {
    count += 1;
    react(count);
  };
  const end = onSignals({ SIGINT: interrupt, SIGTERM: interrupt, SIGHUP: interrupt });
  return { count: () => count, end };
}

function leaveAlone({ output, id, onInterrupt }: FollowInput, leave: AbortController): Interrupts {
  const signals = countSignals(() => leave.abort());
  const text = onInterrupt ?? `The task goes on. Cancel it with: ${inWords(`cancel ${shortId(id)}`)}`;
  return { ...signals, farewell: () => signals.count() > 0 && output.note(text) };
}

function cancelHere({ connection: { client }, output, id }: FollowInput): Interrupts {
  const signals = countSignals((count) => {
    if (count > 1) {
      void kill(output, id);
      return;
    }
    output.note(
      "Cancelling: its processes are ended and its done steps undone. Ctrl-C again kills it at once",
    );
    // It may have ended just now; then the following ends by itself.
    client.cancelTask(id).catch(() => undefined);
  });
  return { ...signals, farewell: () => undefined };
}

/** Nothing that the task has started survives this process; what is undone is up to the next server. */
async function kill(output: Output, id: string): Promise<never> {
  await endMarked({ name: TASK_MARKER, value: id, graceMs: 0 });
  output.note("Killed. What it had done is undone when the next server starts");
  process.exit(EXIT.interrupted);
}
