import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import type { Task } from "../../src/domain/task.ts";
import { isCancellable, isEnded } from "../../src/domain/task-machine.ts";
import type { Store } from "../../src/storage/store.ts";
import { createWorld, type World } from "../support/world.ts";

/** The lock goes to who has none beside it in its group; the system takes it back from killed commands. */
const alone = (group: string, script: string): string =>
  `exec 9>> ${group}.lock; flock -n 9 || echo "overlap $HOOKWRIGHT_TASK_ID" >> events; ${script}`;

const STEPS = ["a", "b", "c"] as const;

function action({
  rest,
  group,
  sleep = "0",
}: {
  rest: string;
  group: string | null;
  sleep?: string;
}): string {
  const within = (script: string): string => JSON.stringify(group === null ? script : alone(group, script));
  const steps = STEPS.map((name) => {
    const run = `sleep ${sleep}; test "$HOOKWRIGHT_PARAM_FAIL" != ${name} && echo "do ${name} $HOOKWRIGHT_TASK_ID" >> events`;
    const undo = `echo "undo ${name} $HOOKWRIGHT_TASK_ID" >> events`;
    return `{ name: ${name}, shell: ${within(run)}, undo: { shell: ${within(undo)} } }`;
  });
  return `{ ${rest}, workdir: ., grace: 100ms, params: { fail: { default: none } }, steps: [${steps.join(", ")}] }`;
}

const ACTIONS = {
  queue: action({ rest: "concurrency: { group: q }", group: "q" }),
  supersede: action({ rest: "concurrency: { group: s, policy: supersede }", group: "s", sleep: "0.03" }),
  reject: action({ rest: "concurrency: { group: r, policy: reject }", group: "r" }),
  retry: action({ rest: "on_crash: retry, concurrency: { group: t }", group: "t", sleep: "0.02" }),
  // The undos have as long as the steps: too short a time would end them too on a busy machine.
  late: action({ rest: "timeout: 500ms, concurrency: { policy: parallel }", group: null, sleep: "0.2" }),
} as const;
type ActionName = keyof typeof ACTIONS;

const SETTINGS = `
work: { concurrency: 4 }
actions:
${Object.entries(ACTIONS)
  .map(([name, text]) => `  ${name}: ${text}`)
  .join("\n")}
`;

type Operation =
  | { readonly type: "start"; readonly action: ActionName; readonly fail: "none" | "a" | "b" | "c" }
  | { readonly type: "cancel" | "retry"; readonly which: number }
  | { readonly type: "pause"; readonly ms: number }
  | { readonly type: "crash" };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("start"),
      action: fc.constantFrom(...Object.keys(ACTIONS).filter((name): name is ActionName => name in ACTIONS)),
      fail: fc.constantFrom("none", "none", "none", "a", "b", "c"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("cancel"), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("retry"), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("pause"), ms: fc.nat(80) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("crash") }) },
);

/** What has been seen of each task, in order. */
type History = Map<string, Task[]>;

/** The store, with a note of every state that a task has come into. */
const watched =
  (history: History) =>
  (store: Store): Store => ({
    ...store,
    async transition(input) {
      const task = await store.transition(input);
      if (task !== null) history.set(task.id, [...(history.get(task.id) ?? []), task]);
      return task;
    },
  });

interface Course {
  readonly tasks: readonly Task[];
  readonly history: History;
  /** What the commands have written, line by line. */
  readonly events: readonly string[];
  readonly logNumbers: readonly (readonly number[])[];
}

async function play(operations: readonly Operation[]): Promise<Course> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-course-"));
  const history: History = new Map();
  const open = (): Promise<World> => createWorld({ settings: SETTINGS, dir, store: watched(history) });
  let world = await open();
  world.work();
  let recovery: Promise<unknown> = Promise.resolve();
  try {
    for (const each of operations) {
      if (each.type === "crash") {
        await crash(world, recovery);
        world = await open();
        world.work();
        recovery = world.recover();
      } else await apply(world, each);
    }
    await recovery;
    const tasks = await allEnded(world);
    const logs = await Promise.all(
      tasks.map(({ id }) => world.app.listLog({ taskId: id, after: 0, limit: 10_000 })),
    );
    const events = (await readFile(join(dir, "events"), "utf8").catch(() => "")).split("\n").filter(Boolean);
    return { tasks, history, events, logNumbers: logs.map((log) => log.map(({ seq }) => seq)) };
  } finally {
    await world.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** The store is gone from one moment to the next; what the runs still do can't be stored. */
async function crash(world: World, recovery: Promise<unknown>): Promise<void> {
  await Promise.all([world.abandon(), recovery.catch(() => undefined)]);
  expect(await world.drain(20_000)).toBe(true);
}

const REFUSALS: readonly string[] = ["task:rejected", "task:not_cancellable", "task:not_retryable"];

function expectRefusal(error: unknown): void {
  expect(error).toBeInstanceOf(AppError);
  expect(REFUSALS).toContain(error instanceof AppError ? error.code : "");
}

async function apply(world: World, each: Exclude<Operation, { type: "crash" }>): Promise<void> {
  const { app } = world;
  if (each.type === "pause") return delay(each.ms);
  if (each.type === "start") {
    const params = { fail: each.fail };
    await app.startAction({ action: each.action, params, by: "test" }).catch(expectRefusal);
    return undefined;
  }
  const { items } = await app.listTasks({ limit: 100 });
  const task = items[each.which % Math.max(items.length, 1)];
  if (task === undefined) return undefined;
  const { id } = task;
  if (each.type === "retry") await app.retryTask({ id, by: "test" }).catch(expectRefusal);
  else if (isCancellable(task.state)) await app.cancelTask({ id, by: "test" }).catch(expectRefusal);
  return undefined;
}

async function allEnded({ app }: World): Promise<readonly Task[]> {
  return vi.waitFor(
    async () => {
      const { items } = await app.listTasks({ limit: 500 });
      const open = items.filter(({ state }) => !isEnded(state));
      if (open.length > 0) throw new Error(`not ended: ${JSON.stringify(open)}`);
      return items;
    },
    { timeout: 20_000, interval: 20 },
  );
}

function checkTask(task: Task, { history, events }: Course): void {
  const seen = history.get(task.id) ?? [];
  // Exactly one end; those that never came to run may have been given theirs as they were stored, or by another task.
  const ends = seen.filter(({ state }) => isEnded(state)).length;
  expect(ends).toBe(task.outcome === "rejected" || (task.startedAt === null && seen.length === 0) ? 0 : 1);
  const progress = [...seen.map((each) => each.progress), task.progress];
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(task.state === "COMPLETED").toBe(task.outcome === "succeeded");
  expect(task.progress === 100).toBe(task.state === "COMPLETED");
  expect(task.endedAt).not.toBeNull();
  expect(task.steps.filter(({ state }) => state === "running")).toEqual([]);
  checkUndos(task, events);
}

/** Undone is exactly what was done, last first; after a crash an undo may have run twice. */
function checkUndos(task: Task, events: readonly string[]): void {
  const done = task.steps.filter(({ phase, state }) => phase === "run" && state === "succeeded");
  const undone = task.steps.filter(({ phase, state }) => phase === "undo" && state === "succeeded");
  const wanted = task.state === "COMPLETED" ? [] : done.map(({ index }) => index).toSorted((a, b) => b - a);
  expect(undone.map(({ index }) => index).toSorted((a, b) => b - a)).toEqual(wanted);
  const ran = events.filter((line) => line.startsWith("undo ") && line.endsWith(task.id));
  const order = [...new Set(ran)].map((line) => STEPS.findIndex((name) => line.startsWith(`undo ${name} `)));
  expect(order).toEqual(wanted);
}

it("keeps its promises whatever happens to its tasks", { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 6, maxLength: 16 }), async (operations) => {
      const course = await play(operations);
      for (const task of course.tasks) checkTask(task, course);
      expect(course.events.filter((line) => line.startsWith("overlap"))).toEqual([]);
      for (const numbers of course.logNumbers) {
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      }
      const all = course.logNumbers.flat();
      expect(new Set(all).size).toBe(all.length);
    }),
    // What happens when is not the same twice, so a shorter course would be another one.
    { numRuns: 20, endOnFailure: true },
  );
});
