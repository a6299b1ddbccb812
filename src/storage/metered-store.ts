import type { Task } from "../domain/task.ts";
import { isEnded } from "../domain/task-machine.ts";
import { isRead, type OperationName } from "./operations/registry.ts";
import type { Store } from "./store.ts";

export type StoreCallKind = "deliver" | "read" | "write";

export interface StoreMeter {
  /** Asked at each call: false costs nothing. */
  readonly on: boolean;
  /** Also of calls that failed. */
  storeCall(kind: StoreCallKind, ms: number): void;
  taskEnded(task: Task, now: string): void;
}

const kindOf = (name: OperationName): StoreCallKind =>
  name === "storeDelivery" ? "deliver" : isRead(name) ? "read" : "write";

type Call = (...args: readonly unknown[]) => Promise<unknown>;

/** The store, with its calls timed as their callers see them, waiting included. */
export function createMeteredStore(store: Store, meter: StoreMeter): Store {
  const timed = (name: OperationName, call: Call): Call => {
    const kind = kindOf(name);
    const measure: Call = async (...args) => {
      const begin = performance.now();
      try {
        return await call(...args);
      } finally {
        meter.storeCall(kind, performance.now() - begin);
      }
    };
    return (...args) => (meter.on ? measure(...args) : call(...args));
  };
  const { close, ...calls } = store;
  const methods = Object.entries(calls).map(([name, call]) => [
    name,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all but `close` are operations, under their names
    timed(name as OperationName, call as Call),
  ]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each is the call of that name
  const metered = { ...Object.fromEntries(methods), close } as Store;
  return {
    ...metered,
    async transition(input) {
      const task = await metered.transition(input);
      if (meter.on && task !== null && isEnded(task.state)) meter.taskEnded(task, input.now);
      return task;
    },
  };
}
