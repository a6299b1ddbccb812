import type { DeployEntry } from "../domain/deploy.ts";
import { persist } from "./persist.ts";
import type { DeployDoc, DeployFilter } from "./app.ts";
import type { Services } from "./services.ts";

/** What has ended since is an entry first: nobody who asks sees less than there is. */
export async function listDeployEntries(
  services: Services,
  filter: DeployFilter,
): Promise<readonly DeployEntry[]> {
  await settleDeploys(services);
  return services.store.listDeployEntries(filter);
}

export async function settleDeploys({ store, now }: Services): Promise<number> {
  return store.settleDeploys({ now: now().toISOString() });
}

const LOG_LINES = 500;

/** See App.deployDoc. */
export async function deployDoc({ store }: Services, { deliveryId }: DeployEntry): Promise<DeployDoc> {
  const started = await persist(() => store.tasksOfDelivery(deliveryId));
  const tasks = await Promise.all(
    started.map(async ({ id }) => {
      const [task, log] = await Promise.all([
        store.getTask(id),
        store.listLog({ taskId: id, after: 0, limit: LOG_LINES }),
      ]);
      return task === null ? null : { task, log: log.map(({ text }) => text) };
    }),
  );
  return { tasks: tasks.filter((each) => each !== null) };
}
