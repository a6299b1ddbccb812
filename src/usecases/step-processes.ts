import { createMemory, findMarked, type Memory } from "../lib/processes/find-marked.ts";
import { STEP_MARKER } from "./command-env.ts";

/**
 * What has been seen of each step's processes while it could still be told whose they are: a process may clear its
 * environment, and its parent may end before anybody looks for it.
 */
export interface StepProcesses {
  /** Looks now; `group`: a process group (and session) that is known to be the step's. Takes a few milliseconds. */
  look(step: string, group?: number): void;
  /** For ending a step's processes. */
  ofStep(step: string): Memory;
  /** For ending all of the task's. */
  ofTask(): Memory;
}

/** Steps are named by the value of their marker. */
export function createStepProcesses(): StepProcesses {
  const memories = new Map<string, Memory>();

  function ofStep(step: string): Memory {
    const memory = memories.get(step) ?? createMemory();
    memories.set(step, memory);
    return memory;
  }

  return {
    look(step, group) {
      const memory = ofStep(step);
      if (group !== undefined) memory.groups.add(group);
      findMarked(`${STEP_MARKER}=${step}`, memory);
    },
    ofStep,
    ofTask() {
      const all = createMemory();
      for (const { identities } of memories.values()) for (const each of identities) all.identities.add(each);
      return all;
    },
  };
}
