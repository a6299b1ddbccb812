import { nodeName } from "../domain/node.ts";
import type { ReleaseBook } from "../steps/step.ts";
import { persist } from "./persist.ts";
import type { StepPlace, TaskRun } from "./task-run.ts";

/** The releases on this machine, for a step that makes or changes one. */
export function releaseBook({ services, task, action }: TaskRun, { index }: StepPlace): ReleaseBook {
  const { store } = services;
  const node = nodeName(services.node);
  return {
    list: (app) => persist(() => store.listReleases({ app, node })),
    put: (release) =>
      persist(() =>
        store.putRelease({ ...release, node, taskId: task.id, action: action.name, step: index }),
      ),
  };
}
