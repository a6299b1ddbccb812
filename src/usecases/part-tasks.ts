import type { Task } from "../domain/task.ts";
import type { NewTask } from "../storage/store.ts";
import { persist } from "./persist.ts";
import type { TaskRun } from "./task-run.ts";

const PAGE = 500;
/** Safety net for news that got lost. */
const POLL_MS = 1_000;

/** The name of the server that a part is for. */
export const nodeOf = ({ runsOn }: Pick<Task, "runsOn">): string => runsOn?.[0] ?? "";

/** The parts of a task, or what undoes them; oldest first. */
export async function partsOf({ services, task }: TaskRun, type: "part" | "undo"): Promise<Task[]> {
  const { store } = services;
  const found: Task[] = [];
  let cursor: string | undefined;
  do {
    const page = await persist(() => store.listTasks({ parentId: task.id, limit: PAGE, cursor }));
    found.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return found.filter(({ startedBy }) => startedBy.type === type).toReversed();
}

/** Once, also when the store's answer gets lost. */
export async function createPart({ services }: TaskRun, part: NewTask): Promise<void> {
  const { store, queue } = services;
  await persist(async () => (await store.getTask(part.id)) ?? store.createTask(part));
  queue.wake();
}

/** Resolves when something about a part may have changed, or the signal is aborted. */
export async function changeOf(run: TaskRun, signal: AbortSignal): Promise<void> {
  const { hub } = run.services;
  const open = [...(await partsOf(run, "part")), ...(await partsOf(run, "undo"))];
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      unwatches.forEach((unwatch) => unwatch());
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, POLL_MS);
    const unwatches = open.map(({ id }) => hub.watch(id, done));
    if (signal.aborted) done();
    else signal.addEventListener("abort", done, { once: true });
  });
}
