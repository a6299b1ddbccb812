import { createLogUpdate } from "log-update";
import type { FollowEvent } from "../client/client.ts";
import type { TaskWire } from "../client/schemas.ts";
import type { Output } from "./output.ts";
import { endLines, logLine, place, progressLine } from "./task-lines.ts";

/** Shows a followed task: log lines, and at a terminal a live progress bar below them. */
export interface TaskView {
  show(event: FollowEvent): void;
  /** Takes the live part away and says how the task ended; null: it has not. */
  end(task: TaskWire | null): void;
}

export function createTaskView(output: Output): TaskView {
  if (output.json) return jsonView(output);
  return output.live ? liveView(output) : plainView(output);
}

const jsonView = (output: Output): TaskView => ({
  show: (event) => output.data(event.type === "log" ? event.entry : { task: event.task }),
  end: () => undefined,
});

const writeEnd = (output: Output, task: TaskWire | null): void => {
  if (task !== null) endLines(task).forEach((line) => output.line(line));
};

/** One line per log entry; the state, and the place in the queue, when they change. */
function plainView(output: Output): TaskView {
  let shown = "";
  return {
    show(event) {
      if (event.type === "log") return output.line(logLine(event.entry));
      const { task } = event;
      const state = `${task.id} ${task.state}${place(task)}`;
      if (state !== shown) output.note(state);
      shown = state;
      return undefined;
    },
    end: (task) => writeEnd(output, task),
  };
}

const REFRESH_MS = 100;

function liveView(output: Output): TaskView {
  const live = createLogUpdate(process.stdout, { showCursor: true });
  let task: TaskWire | null = null;
  const draw = (): void => {
    if (task !== null) live(output.render(progressLine(task, output.columns())));
  };
  const timer = setInterval(draw, REFRESH_MS);
  return {
    show(event) {
      if (event.type === "task") {
        ({ task } = event);
      } else {
        live.clear();
        output.line(logLine(event.entry));
      }
      draw();
    },
    end(last) {
      clearInterval(timer);
      live.clear();
      live.done();
      writeEnd(output, last);
    },
  };
}
