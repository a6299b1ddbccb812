import type { Task } from "../domain/task.ts";
import type { Store } from "../storage/store.ts";
import type { Services } from "./services.ts";

/**
 * The services as one run of a task sees them: what it writes about the task is refused once another node has taken the
 * task over, or it runs in another attempt.
 */
export function servicesOfRun(services: Services, { id, attempt }: Pick<Task, "id" | "attempt">): Services {
  const { store, node } = services;
  const owner = { node, attempt };
  const fenced: Store = {
    ...store,
    createTask: (task) => store.createTask(task, owner),
    // A run may end its parts, which are others' to run.
    transition: (input) => store.transition(input.id === id ? { ...input, owner } : input),
    setProgress: (input) => store.setProgress({ ...input, owner }),
    setMetadata: (input) => store.setMetadata({ ...input, owner }),
    putStep: (input) => store.putStep({ ...input, owner }),
    appendLog: (entries) => store.appendLog(entries, owner),
  };
  return { ...services, store: fenced };
}
