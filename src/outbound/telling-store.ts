import { isEnded } from "../domain/task-machine.ts";
import type { Store } from "../storage/store.ts";

/** The store, with a call to `wake` after whatever has probably left a notice. What it misses is found a little later. */
export function createTellingStore(store: Store, wake: () => void): Store {
  return {
    ...store,
    async transition(input) {
      const task = await store.transition(input);
      if (task !== null && isEnded(task.state)) wake();
      return task;
    },
    async claimTasks(input) {
      const claimed = await store.claimTasks(input);
      if (claimed.length > 0) wake();
      return claimed;
    },
    async takeTask(input) {
      const taken = await store.takeTask(input);
      if (taken.type === "run") wake();
      return taken;
    },
    async settleHold(input) {
      const settled = await store.settleHold(input);
      if (settled !== null && isEnded(settled.task.state)) wake();
      return settled;
    },
    async createTask(task, owner) {
      const created = await store.createTask(task, owner);
      if (created.task.outcome !== null) wake();
      return created;
    },
    async storeDelivery(input) {
      const stored = await store.storeDelivery(input);
      if (stored.verdict === "rejected") wake();
      return stored;
    },
    async retryMessage(input) {
      const message = await store.retryMessage(input);
      wake();
      return message;
    },
    async retryDeadMessages(input) {
      const count = await store.retryDeadMessages(input);
      wake();
      return count;
    },
    async enableEndpoint(name) {
      await store.enableEndpoint(name);
      wake();
    },
    async recorded(input) {
      const result = await store.recorded(input);
      wake();
      return result;
    },
  };
}
