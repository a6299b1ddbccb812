import type { Task } from "../domain/task.ts";
import { isEnded } from "../domain/task-machine.ts";
import { newId } from "../lib/ids.ts";
import type { NewTask } from "../storage/store.ts";
import { persist } from "./persist.ts";
import { stopTask } from "./stop-task.ts";
import { say, type TaskRun } from "./task-run.ts";
import { changeOf, createPart, nodeOf, partsOf } from "./part-tasks.ts";

/**
 * Leads a task that runs on each of several nodes: starts its parts, so many at a time, until all have succeeded. Resolves
 * with why it can't go on, or null. What an earlier leader has begun is gone on with.
 */
export async function runParts(run: TaskRun, signal: AbortSignal): Promise<string | null> {
  const told = new Set<string>();
  const nodes = await nodesFor(run);
  if (nodes.length === 0) return `No live server has the label ${labelsOf(run).join(" or ")}`;
  say(run, `On ${nodes.length} servers, ${atOnce(run)} at a time: ${nodes.join(", ")}`);
  while (!signal.aborted) {
    const parts = await partsOf(run, "part");
    tell(run, parts, told);
    const failed = parts.find(({ state, outcome }) => isEnded(state) && outcome !== "succeeded");
    if (failed !== undefined) return `On ${nodeOf(failed)}: ${failed.reason ?? failed.outcome ?? "failed"}`;
    const open = parts.filter(({ state }) => !isEnded(state));
    const begun = new Set(parts.map(nodeOf));
    const next = nodes.filter((node) => !begun.has(node)).slice(0, atOnce(run) - open.length);
    if (open.length + next.length === 0) return null;
    for (const node of next) await createPart(run, partFor(run, node));
    await saveProgress(run, parts, nodes.length);
    await changeOf(run, signal);
  }
  return null;
}

/**
 * The other way: ends the parts that run, and undoes those that have succeeded, the last first, each on its node. An undo
 * that fails does not keep the others from running.
 */
export async function undoParts(run: TaskRun): Promise<"undone" | "failed" | "left"> {
  const { abandoned, lost } = run.services.running;
  const signal = AbortSignal.any([abandoned, lost(run.task.id)]);
  const told = new Set<string>();
  const deadline = performance.now() + run.action.timeoutMs;
  while (!signal.aborted) {
    const parts = await partsOf(run, "part");
    const undos = await partsOf(run, "undo");
    tell(run, [...parts, ...undos], told);
    const late = performance.now() > deadline;
    await stopAll(run, late ? [...parts, ...undos] : parts);
    const waiting = [...parts, ...undos].filter(({ state }) => !isEnded(state));
    const next = late || parts.some(({ state }) => !isEnded(state)) ? [] : undosFor(run, parts, undos);
    if (waiting.length + next.length === 0) return isUndone(parts, undos, run) ? "undone" : "failed";
    for (const undo of next) await createPart(run, undo);
    await changeOf(run, signal);
  }
  lost(run.task.id).throwIfAborted();
  return "left";
}

const atOnce = ({ task }: TaskRun): number => task.maxParallel ?? 1;
const labelsOf = ({ action }: TaskRun): readonly string[] => action.runsOn?.labels ?? [];

/** Names of the live servers that have a label, and of those on which a part has begun. */
async function nodesFor(run: TaskRun): Promise<string[]> {
  const labels = labelsOf(run);
  const nodes = await persist(() => run.services.store.listNodes());
  const live = nodes
    .filter(({ alive, roles }) => alive && roles.includes("work"))
    .filter((node) => node.labels.some((label) => labels.includes(label)))
    .map(({ name }) => name);
  const begun = (await partsOf(run, "part")).map(nodeOf);
  return [...new Set([...begun, ...live.toSorted()])];
}

function partFor({ task, settingsDigest, services }: TaskRun, node: string): NewTask {
  const eventIndex = task.startedBy.type === "manual" ? undefined : task.startedBy.eventIndex;
  return {
    id: newId(),
    action: task.action,
    params: task.params,
    // The group is the leader's.
    concurrency: { policy: "parallel", group: "" },
    startedBy: { type: "part", taskId: task.id, node, eventIndex },
    deliveryId: task.deliveryId,
    settingsDigest,
    runsOn: [node],
    parentId: task.id,
    createdAt: services.now().toISOString(),
  };
}

/** The next undos: of parts that have succeeded, the last first, as many as may run beside those that do. */
function undosFor(run: TaskRun, parts: readonly Task[], undos: readonly Task[]): NewTask[] {
  if (run.action.steps.every(({ undo }) => undo === null)) return [];
  const begun = new Set(undos.map(({ startedBy }) => (startedBy.type === "undo" ? startedBy.part : "")));
  const open = undos.filter(({ state }) => !isEnded(state)).length;
  return succeeded(parts)
    .filter(({ id }) => !begun.has(id))
    .toReversed()
    .slice(0, Math.max(atOnce(run) - open, 0))
    .map((part) => undoFor(run, part));
}

function undoFor(run: TaskRun, part: Task): NewTask {
  const { startedBy, ...rest } = partFor(run, nodeOf(part));
  const eventIndex = startedBy.type === "part" ? startedBy.eventIndex : undefined;
  return { ...rest, startedBy: { type: "undo", taskId: run.task.id, part: part.id, eventIndex } };
}

const succeeded = (tasks: readonly Task[]): Task[] => tasks.filter(({ outcome }) => outcome === "succeeded");

function isUndone(parts: readonly Task[], undos: readonly Task[], run: TaskRun): boolean {
  if (parts.some(({ state }) => state === "FAILED_CANCELLING")) return false;
  const wanted = run.action.steps.some(({ undo }) => undo !== null) ? succeeded(parts).length : 0;
  return succeeded(undos).length === wanted;
}

async function stopAll({ services, task }: TaskRun, parts: readonly Task[]): Promise<void> {
  const reason = `Task ${task.id}, which this is a part of, was stopped`;
  for (const { id } of parts.filter(({ state }) => state === "ENQUEUED" || state === "RUNNING")) {
    await persist(() => stopTask(services, { id, outcome: "cancelled", reason }));
  }
}

/** One line for what begins and one for what has ended. */
function tell(run: TaskRun, parts: readonly Task[], told: Set<string>): void {
  for (const { id, state, outcome, startedBy, runsOn } of parts) {
    const what = startedBy.type === "undo" ? "undoing" : "running";
    const line = `${runsOn?.[0] ?? ""}: ${isEnded(state) ? (outcome ?? "ended") : what}, task ${id}`;
    if (told.has(line)) continue;
    told.add(line);
    say(run, line);
  }
}

async function saveProgress(run: TaskRun, parts: readonly Task[], total: number): Promise<void> {
  const sum = parts.reduce((all, { progress }) => all + progress, 0);
  const progress = Math.min(sum / total, 99);
  await persist(() => run.services.store.setProgress({ id: run.task.id, progress }));
  run.services.hub.notify(run.task.id);
}
