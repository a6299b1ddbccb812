import type { Task } from "../domain/task.ts";
import type { Store } from "../storage/store.ts";
import type { Services } from "./services.ts";

/**
 * The services as one run of a task sees them: what it writes about the task is refused once another node has taken the
 * task over, or it runs in another attempt.
 */
export function servicesOfRun(services: Services, { attempt }: Pick<Task, "attempt">): Services {
  const { store, node } = services;
  const owner = { node, attempt };
  const fenced: Store = {
    ...store,
    transition: (input) => store.transition({ ...input, owner }),
    setProgress: (input) => store.setProgress({ ...input, owner }),
    setMetadata: (input) => store.setMetadata({ ...input, owner }),
    putStep: (input) => store.putStep({ ...input, owner }),
    appendLog: (entries) => store.appendLog(entries, owner),
  };
  return { ...services, store: fenced };
}
