import { JOBSERV_PREFIX } from "../domain/jobserv-prefix.ts";
import type { Task } from "../domain/task.ts";

/** URLs of this server about a task; each asks for a token with the scope `read`, but the page that people open. */
export interface Links {
  /** The server, without a trailing slash. */
  readonly base: string;
  task(task: Pick<Task, "id">): string;
  delivery(id: string): string;
  /** As JobServ's API has it: `…/projects/ACTION/builds/NUMBER/`. */
  build(task: Pick<Task, "action" | "number">): string;
  /** For people. */
  page(task: Pick<Task, "action" | "number">): string;
  run(task: Pick<Task, "action" | "number">, step: string): string;
}

/** @param base how the outside reaches the server, without a trailing slash */
export function createLinks(base: string): Links {
  const build = ({ action, number }: Pick<Task, "action" | "number">): string =>
    `${base}${JOBSERV_PREFIX}/projects/${encodeURIComponent(action)}/builds/${number}/`;
  return {
    base,
    task: ({ id }) => `${base}/api/v1/tasks/${id}`,
    delivery: (id) => `${base}/api/v1/deliveries/${id}`,
    build,
    page: (task) => build(task).slice(0, -1),
    run: (task, step) => `${build(task)}runs/${encodeURIComponent(step)}/`,
  };
}
