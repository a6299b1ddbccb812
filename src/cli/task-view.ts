import { createLogUpdate } from "log-update";
import type { FollowEvent } from "../client/client.ts";
import type { LogEntryWire, TaskWire } from "../client/schemas.ts";
import { formatDuration } from "../lib/duration.ts";
import type { Colors, Output } from "./output.ts";

/** Shows a followed task: log lines, and at a terminal a live progress bar below them. */
export interface TaskView {
  show(event: FollowEvent): void;
  /** Takes the live part away and says how the task ended. */
  end(task: TaskWire | null): void;
}

export function createTaskView(output: Output): TaskView {
  if (output.json) return jsonView(output);
  return output.interactive ? liveView(output) : plainView(output);
}

const jsonView = (output: Output): TaskView => ({
  show: (event) => output.data(event.type === "log" ? event.entry : { task: event.task }),
  end: () => undefined,
});

function plainView(output: Output): TaskView {
  let state = "";
  return {
    show(event) {
      if (event.type === "log") return output.line(logLine(event.entry, output.colors));
      const { task } = event;
      if (task.state === state) return undefined;
      state = task.state;
      return output.note(`${task.id} ${task.state}${place(task)}`);
    },
    end: (task) => {
      if (task !== null) output.line(endLine(task, output.colors));
    },
  };
}

const REFRESH_MS = 100;

function liveView(output: Output): TaskView {
  const live = createLogUpdate(process.stdout);
  let task: TaskWire | null = null;
  const draw = (): void => {
    if (task !== null) live(progressLine(task, output.colors));
  };
  const timer = setInterval(draw, REFRESH_MS);
  return {
    show(event) {
      if (event.type === "task") {
        ({ task } = event);
      } else {
        live.clear();
        output.line(logLine(event.entry, output.colors));
      }
      draw();
    },
    end(last) {
      clearInterval(timer);
      live.clear();
      live.done();
      if (last !== null) output.line(endLine(last, output.colors));
    },
  };
}

export function logLine({ stream, text }: LogEntryWire, colors: Colors): string {
  if (stream === "system") return colors.cyan(`• ${text}`);
  return stream === "stderr" ? colors.yellow(`  ${text}`) : `  ${text}`;
}

const BAR = 24;

function progressLine(task: TaskWire, colors: Colors): string {
  const full = Math.round((task.progress / 100) * BAR);
  const bar = colors.green("█".repeat(full)) + colors.dim("░".repeat(BAR - full));
  const step = task.steps.find(({ state }) => state === "running");
  const parts = [
    `${bar} ${String(Math.floor(task.progress)).padStart(3)}%`,
    colorState(task, colors),
    elapsed(task),
    step === undefined ? place(task).trim() : step.name,
  ];
  return parts
    .filter((part) => part !== "")
    .join("  ")
    .slice(0, 4 * (process.stdout.columns ?? 80));
}

const place = ({ position }: TaskWire): string =>
  position === null ? "" : ` (number ${position} in the queue)`;

function elapsed({ started_at: from, ended_at: to }: TaskWire): string {
  if (from === null) return "";
  const ms = (to === null ? Date.now() : Date.parse(to)) - Date.parse(from);
  return formatDuration(Math.max(0, ms));
}

export function colorState({ state, outcome }: Pick<TaskWire, "state" | "outcome">, colors: Colors): string {
  const text = outcome === null || outcome === "succeeded" ? state : `${state} (${outcome})`;
  if (state === "COMPLETED") return colors.green(text);
  return state === "RUNNING" || state === "ENQUEUED" ? colors.blue(text) : colors.red(text);
}

function endLine(task: TaskWire, colors: Colors): string {
  const mark = task.outcome === "succeeded" ? colors.green("✓") : colors.red("✗");
  const time = elapsed(task);
  const why = task.reason === null ? "" : `: ${task.reason}`;
  return `${mark} ${task.action} ${colorState(task, colors)}${time === "" ? "" : ` in ${time}`}${why}`;
}
