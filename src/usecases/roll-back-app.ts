import type { Action } from "../domain/action.ts";
import type { Asker, AuditEntry } from "../domain/audit.ts";
import { AppError } from "../domain/errors.ts";
import { currentRelease, lastHealthy, type Release } from "../domain/release.ts";
import { eventIndexOf, type Task } from "../domain/task.ts";
import { isEnded } from "../domain/task-machine.ts";
import type { StartedTask } from "../storage/store.ts";
import type { RollBackInput } from "./app.ts";
import { cancelTask } from "./cancel-task.ts";
import { reportLike } from "./report-of.ts";
import type { Services } from "./services.ts";
import { findAction, startTask } from "./start-action.ts";

/** See App.rollBackApp. One task for each machine that has the app. */
export function rollBackApp(services: Services, input: RollBackInput): Promise<readonly StartedTask[]> {
  const details = { release: input.release };
  const audit = { asker: input, action: "app.rollback", target: `app:${input.app}`, details } as const;
  return services.auditor.attempt(audit, () => rollBack(services, input, audit));
}

async function rollBack(
  services: Services,
  { app, release, cancel, ...asker }: RollBackInput,
  audit: AuditEntry,
): Promise<readonly StartedTask[]> {
  const releases = await services.store.listReleases({ app });
  if (releases.length === 0) throw new AppError("release:not_found", `There is no release of ${app}`);
  const targets = [...Map.groupBy(releases, ({ node }) => node).values()]
    .map((onNode) => findTarget(onNode, release))
    .filter((target) => target !== null);
  if (targets.length === 0) throw noTarget(app, release);
  const plans = targets.map((target) => ({ target, action: actionOf(services, target) }));
  if (cancel) await cancelOthers(services, { groups: plans.map(({ action }) => groupOf(action)), asker });
  const started: StartedTask[] = [];
  for (const plan of plans) started.push(await start(services, { ...plan, wanted: release, audit }));
  return started;
}

/** Null where the machine has nothing to go back to. */
function findTarget(releases: readonly Release[], wanted: string | null): Release | null {
  if (wanted === null) return lastHealthy(releases);
  if (currentRelease(releases)?.id === wanted) return null;
  const usable = releases.filter(({ state }) => state === "healthy" || state === "withdrawn");
  return usable.find(({ id }) => id === wanted) ?? null;
}

function noTarget(app: string, wanted: string | null): AppError {
  if (wanted === null) {
    return new AppError("release:none_earlier", `${app} has no earlier healthy release`);
  }
  return new AppError(
    "release:not_found",
    `${app} has no release ${wanted} that could be used; \`hookwright releases ${app}\` lists them`,
  );
}

/** The step may have moved since: it is found by the app that it releases. */
function actionOf(services: Services, { action: name, app }: Release): Action {
  const action = findAction(services, name);
  if (action.steps.some((step) => releasesApp(step, app))) return action;
  throw new AppError("action:not_found", `The action ${name} releases ${app} no more`);
}

/** Whether a step is the one that releases the app. */
export const releasesApp = (step: Action["steps"][number], app: string): boolean =>
  releasesOf(step).includes(app);

/** The app that a step releases, if it does. */
export function releasesOf({ kind, options }: Action["steps"][number]): readonly string[] {
  if (kind !== "release" || typeof options !== "object" || options === null) return [];
  return "app" in options && typeof options.app === "string" ? [options.app] : [];
}

const groupOf = ({ concurrency: { group, policy } }: Action): string | null =>
  policy === "parallel" ? null : group;

const MOST = 500;

/** Ends what runs or waits in the groups, so that the rollback need not wait for it. */
async function cancelOthers(
  services: Services,
  { groups, asker }: { readonly groups: readonly (string | null)[]; readonly asker: Asker },
): Promise<void> {
  for (const state of ["ENQUEUED", "RUNNING"] as const) {
    const { items } = await services.store.listTasks({ state, limit: MOST });
    for (const { id, group } of items) {
      if (group === null || !groups.includes(group)) continue;
      await cancelTask(services, { ...asker, id, why: ", for a rollback" }).catch((error: unknown) => {
        // It has ended meanwhile.
        if (!(error instanceof AppError && error.code === "task:not_cancellable")) throw error;
      });
    }
  }
}

interface StartInput {
  readonly target: Release;
  readonly action: Action;
  readonly wanted: string | null;
  readonly audit: AuditEntry;
}

/** By the params of the task that made the release, which its templates were made for. */
async function start(
  services: Services,
  { target, action, wanted, audit }: StartInput,
): Promise<StartedTask> {
  const { app, node, taskId } = target;
  const origin: Task | null = await services.store.getTask(taskId);
  return startTask(services, {
    action: { ...action, runsOn: { labels: [node], each: null } },
    params: origin?.params ?? {},
    startedBy: {
      type: "rollback",
      by: audit.asker.by,
      app,
      release: wanted,
      taskId,
      eventIndex: origin === null ? undefined : eventIndexOf(origin.startedBy),
    },
    deliveryId: origin !== null && isEnded(origin.state) ? origin.deliveryId : null,
    report: reportLike(services.settings.current().reports, origin?.report ?? null),
    audit,
  });
}
