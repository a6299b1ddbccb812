import { isEnded } from "../domain/task-machine.ts";
import type { Store } from "../storage/store.ts";
import type { Traces } from "./traces.ts";

/** The store, with spans of what comes into it and of what ends in it, each by the process that brings it about. */
export function createTracedStore(store: Store, traces: Pick<Traces, "delivery" | "taskEnded">): Store {
  return {
    ...store,
    async storeDelivery(input) {
      const stored = await store.storeDelivery(input);
      traces.delivery(input.delivery, stored);
      return stored;
    },
    async transition(input) {
      const task = await store.transition(input);
      if (task !== null && isEnded(task.state)) traces.taskEnded(task, input.now);
      return task;
    },
  };
}
