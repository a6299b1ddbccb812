import { isEnded } from "../domain/task-machine.ts";
import type { RecordedCall } from "../storage/audit-calls.ts";
import type { Store } from "../storage/store.ts";

export interface Told {
  /** Called after whatever has probably left a notice. What it misses is found a little later. */
  readonly wake: () => void;
  /** Called after messages, or what is known of endpoints, have changed. */
  readonly changed?: () => void;
}

/** The store, with calls to those who look at what others write to it. */
export function createTellingStore(store: Store, { wake, changed = () => undefined }: Told): Store {
  const both = (): void => {
    wake();
    changed();
  };
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
      both();
      return message;
    },
    async retryDeadMessages(input) {
      const count = await store.retryDeadMessages(input);
      both();
      return count;
    },
    async enableEndpoint(name) {
      await store.enableEndpoint(name);
      both();
    },
    async recorded(input) {
      const result = await store.recorded(input);
      if (OF_MESSAGES.has(input.call)) both();
      else wake();
      return result;
    },
    async postMessages(input) {
      await store.postMessages(input);
      if (input.messages.length > 0) changed();
    },
    async settleMessages(input) {
      await store.settleMessages(input);
      changed();
    },
  };
}

const OF_MESSAGES: ReadonlySet<RecordedCall> = new Set([
  "retryMessage",
  "retryDeadMessages",
  "enableEndpoint",
]);
