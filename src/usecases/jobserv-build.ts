import { AppError } from "../domain/errors.ts";
import type { Task } from "../domain/task.ts";
import { buildOf } from "../outbound/kinds/jobserv.ts";
import type { Services } from "./services.ts";

/** See App.jobservBuild. An action is JobServ's project. */
export async function jobservBuild(
  { store, outbound }: Services,
  { project, build }: { readonly project: string; readonly build: number },
): Promise<{ readonly task: Task; readonly build: Readonly<Record<string, unknown>> }> {
  const task = await store.getTaskByNumber(build);
  if (task === null || task.action !== project) {
    throw new AppError("task:not_found", `The action ${project} has no task number ${build}`);
  }
  return { task, build: buildOf(task, outbound.links(), true) };
}
