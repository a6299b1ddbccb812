import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Task } from "../../../src/domain/task.ts";
import { isEnded } from "../../../src/domain/task-machine.ts";
import type { Records } from "./records.ts";
import type { Sent } from "./sender.ts";
import { ALONE } from "./settings.ts";

/** What must not be; each entry names one case. */
export interface Faults {
  /** Acknowledged, but not in the store with exactly its bytes and its tasks. */
  readonly lost: readonly string[];
  /** One delivery, several tasks or several records. */
  readonly startedTwice: readonly string[];
  readonly withoutEnd: readonly string[];
  /** Ended as succeeded, but its command has left no trace. */
  readonly neverRan: readonly string[];
  /** Stopped after a step was done, whose undo has left no trace. */
  readonly notUndone: readonly string[];
  readonly overlapping: readonly string[];
}

export interface AuditInput {
  readonly dir: string;
  readonly sent: readonly Sent[];
  readonly records: Records;
}

export async function audit({ dir, sent, records }: AuditInput): Promise<Faults> {
  const { tasks } = records;
  const ran = new Set(await lines(dir, "ran"));
  const stamps = await Promise.all(ALONE.map((name) => lines(dir, `${name}.stamps`)));
  return {
    lost: lost(sent, records),
    startedTwice: startedTwice(records),
    withoutEnd: tasks.filter(({ state }) => !isEnded(state)).map(describe),
    neverRan: tasks
      .filter(({ id, outcome }) => outcome === "succeeded" && !ran.has(`ran ${id}`))
      .map(describe),
    notUndone: tasks.filter((task) => isNotUndone(task, ran)).map(describe),
    overlapping: [
      ...[...ran].filter((line) => line.startsWith("overlap")),
      ...stamps.flatMap((each) => overlaps(each, tasks)),
    ],
  };
}

/** None where no command has got that far. */
const lines = async (dir: string, name: string): Promise<string[]> =>
  (await readFile(join(dir, name), "utf8").catch(() => "")).split("\n").filter((line) => line !== "");

function describe({ id, action, state, outcome, attempt, reason, steps }: Task): string {
  const progress = steps.map(({ phase, name, state: at }) => `${phase} ${name} ${at}`).join(", ");
  return `${id} ${action}: ${state} ${outcome ?? ""}, attempt ${attempt}, ${reason ?? ""} [${progress}]`;
}

function lost(sent: readonly Sent[], { deliveries, tasks }: Records): string[] {
  const byId = new Map(deliveries.map((delivery) => [delivery.senderId, delivery]));
  const known = new Set(tasks.map((task) => task.id));
  return sent.flatMap(({ id, action, bodySha256, acknowledged }) => {
    if (acknowledged === null) return [];
    const { delivery: answered, tasks: started } = acknowledged;
    const found = byId.get(id);
    const faults = [
      found === undefined && "no record",
      found !== undefined && found.id !== answered && `recorded as ${found.id}`,
      found !== undefined && found.bodySha256 !== bodySha256 && "other bytes",
      started.length !== 1 && `answered with ${started.length} tasks`,
      ...started.map((task) => !known.has(task) && `no task ${task}`),
    ].filter((fault) => fault !== false);
    return faults.length === 0 ? [] : [`${id} ${action}, answered as ${answered}: ${faults.join(", ")}`];
  });
}

function startedTwice({ deliveries, tasks }: Records): string[] {
  const tasksOf = Map.groupBy(tasks, ({ deliveryId }) => deliveryId);
  const records = Map.groupBy(deliveries, ({ senderId }) => senderId);
  return [
    ...deliveries.filter(({ id }) => tasksOf.get(id)?.length !== 1).map(({ id }) => id),
    ...[...records].filter(([, same]) => same.length > 1).map(([id]) => String(id)),
  ];
}

/** By the rule that an undo which takes the server down is tried three times. Kills that come so fast look like that. */
export const isGivenUp = ({ state, reason }: Task): boolean =>
  state === "FAILED_CANCELLING" && reason?.includes("died 3 times during the undos") === true;

/** Whatever ended a task before its last step, the steps on record as done have been undone. */
function isNotUndone(task: Task, ran: ReadonlySet<string>): boolean {
  const { id, outcome, steps } = task;
  if (outcome === "succeeded" || isGivenUp(task)) return false;
  const undoable = steps.filter(
    ({ phase, state, name }) => phase === "run" && state === "succeeded" && /^[ab]$/.test(name),
  );
  return !undoable.every(({ name }) => ran.has(`undo-${name} ${id}`));
}

/**
 * Of tasks that run one at a time, each `start` is followed by its own `end`, except where the command was killed:
 * its task was taken up again, or did not succeed. Returns the stamps of which that is not true.
 */
function overlaps(stamps: readonly string[], tasks: readonly Task[]): string[] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  return stamps.filter((stamp, at) => {
    const [what, id = ""] = stamp.split(" ");
    if (what === "end") return stamps[at - 1] !== `start ${id}`;
    if (stamps[at + 1] === `end ${id}`) return false;
    const task = byId.get(id);
    return task === undefined || (task.outcome === "succeeded" && task.attempt === 1);
  });
}
