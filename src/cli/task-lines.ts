import type { LogEntryWire, TaskWire } from "../client/schemas.ts";
import { formatDuration } from "../lib/duration.ts";
import { colors, cut, oneLine, widthOf } from "./terminal.ts";

type StepRun = TaskWire["steps"][number];

/** One entry of a task's log. */
export function logLine({ stream, text }: LogEntryWire): string {
  if (stream === "system") return colors.cyan(`• ${text}`);
  const gutter = stream === "stderr" ? colors.yellow("│") : colors.dim("│");
  return `  ${gutter} ${text}`;
}

const BAR = { widest: 24, narrowest: 5 };

/** `████░░░░  45%  RUNNING  1m3s  build 12s`, never wider than the terminal. */
export function progressLine(task: TaskWire, columns: number): string {
  const step = task.steps.findLast(({ state }) => state === "running");
  const rest = [
    `${String(Math.floor(task.progress)).padStart(3)}%`,
    stateOf(task),
    duration(task),
    step === undefined ? place(task).trim() : `${nameOf(step, task)} ${colors.dim(duration(step))}`,
  ]
    .filter((part) => part !== "")
    .map(oneLine)
    .join("  ");
  const width = Math.min(BAR.widest, Math.max(BAR.narrowest, columns - widthOf(rest) - 3));
  // The last column stays free: some terminals wrap as soon as it is written.
  return cut(`${bar(task.progress, width)} ${rest}`, columns - 1);
}

function bar(progress: number, width: number): string {
  const full = Math.round((progress / 100) * width);
  return colors.green("█".repeat(full)) + colors.dim("░".repeat(width - full));
}

/** Of an undo: the step that it takes back. */
function nameOf({ name, phase, index }: StepRun, { steps }: Pick<TaskWire, "steps">): string {
  if (phase === "run") return name;
  const undone = steps.find((step) => step.phase === "run" && step.index === index);
  return `undo ${undone?.name ?? name}`;
}

/** What it waits for, with a space before it; nothing when it does not. */
export function place({ position, hold }: Pick<TaskWire, "position" | "hold">): string {
  if (hold !== null) return ` (${hold.reason})`;
  return position === null ? "" : ` (number ${position} in the queue)`;
}

/** How long it took, or has taken so far; nothing when it has not begun. */
export function duration({
  started_at: from,
  ended_at: to,
}: {
  readonly started_at: string | null;
  readonly ended_at: string | null;
}): string {
  if (from === null) return "";
  const ms = Math.max(0, (to === null ? Date.now() : Date.parse(to)) - Date.parse(from));
  if (to !== null) return formatDuration(ms);
  // On a clock that runs, tenths would only flicker.
  return ms < 1_000 ? "0s" : formatDuration(Math.floor(ms / 1_000) * 1_000);
}

/** State and outcome, coloured. */
export function stateOf({ state, outcome }: Pick<TaskWire, "state" | "outcome">): string {
  const text = outcome === null || outcome === "succeeded" ? state : `${state} (${outcome})`;
  if (state === "COMPLETED") return colors.green(text);
  return state === "RUNNING" || state === "ENQUEUED" ? colors.blue(text) : colors.red(text);
}

const MARKS: Readonly<Record<StepRun["state"], string>> = {
  running: colors.blue("…"),
  succeeded: colors.green("✓"),
  failed: colors.red("✗"),
  cancelled: colors.red("■"),
  skipped: colors.dim("-"),
};

/** How it went: a line per step, where there are several, and one for the whole. */
export function endLines(task: TaskWire): string[] {
  const { steps, outcome, action, reason } = task;
  const names = steps.map((step) => oneLine(nameOf(step, task)));
  const width = Math.max(0, ...names.map(widthOf));
  const lines = steps.map((step, index) => {
    const name = names[index] ?? "";
    const exit = (step.exit_code ?? 0) === 0 ? "" : `  exit code ${step.exit_code}`;
    return `  ${MARKS[step.state]} ${name}${" ".repeat(width - widthOf(name))}  ${colors.dim(duration(step))}${exit}`;
  });
  const time = duration(task);
  const mark = outcome === "succeeded" ? colors.green("✓") : colors.red("✗");
  const why = reason === null ? "" : `: ${reason}`;
  const end = `${mark} ${action} ${stateOf(task)}${time === "" ? "" : ` in ${time}`}${why}`;
  return steps.length > 1 ? [...lines, end] : [end];
}
