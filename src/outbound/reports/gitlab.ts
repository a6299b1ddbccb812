import { z } from "zod";
import { RestError } from "../../lib/rest-api.ts";
import {
  anything,
  ask,
  type DeploymentBook,
  type ForgeApi,
  type ForgeContext,
  openBook,
  remoteId,
} from "./forge.ts";
import type { DeploymentInstruction, DeploymentState, StatusState } from "./instruction.ts";

/** https://docs.gitlab.com/api/commits/#set-commit-pipeline-status and https://docs.gitlab.com/api/deployments/ */
export const gitlab: ForgeApi = {
  name: "GitLab",
  async status({ repository, commit, ref, state, context: name, url, description }, context) {
    const body = {
      state: STATES[state],
      name,
      target_url: url,
      description,
      ...(ref !== null && { ref }),
    };
    const path = `${pathOf(repository)}/statuses/${commit}`;
    await unlessThere(call(context, "POST", path, { body, schema: anything }));
  },
  async deployment(instruction, context) {
    const book = await openBook(instruction, context);
    const { state, task, repository } = instruction;
    const found = book.own?.remoteId ?? (await find(instruction, book, context));
    const id = found ?? (await create(instruction, context));
    const own = { taskId: task, remoteId: id };
    if (book.own === null) await book.note(own, "new");
    if (found !== null && state !== "in_progress") {
      const path = `${pathOf(repository)}/deployments/${id}`;
      const body = { status: DEPLOYMENTS[state] };
      await unlessThere(call(context, "PUT", path, { body, schema: anything }));
    }
    await book.note(own, state);
  },
};

const STATES: Readonly<Record<StatusState, string>> = {
  pending: "pending",
  running: "running",
  success: "success",
  failure: "failed",
  error: "canceled",
};

const DEPLOYMENTS: Readonly<Record<DeploymentState, string>> = {
  in_progress: "running",
  success: "success",
  failure: "failed",
  error: "failed",
  inactive: "canceled",
};

const pathOf = (project: string): string => `/projects/${encodeURIComponent(project)}`;

interface CallInput<T> {
  readonly body?: unknown;
  readonly schema: z.ZodType<T>;
}

function call<T>(
  context: ForgeContext,
  method: "GET" | "POST" | "PUT",
  path: string,
  { body, schema }: CallInput<T>,
): Promise<T> {
  const headers = { authorization: `Bearer ${context.token}` };
  const url = `${context.rules.apiUrl}${path}`;
  return ask({ service: "GitLab", method, url, headers, body }, schema, context);
}

/** GitLab refuses to tell again what it has been told: an earlier attempt's answer was lost. */
async function unlessThere(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const repeated = error instanceof RestError && error.status === 400 && REPEATED.test(error.message);
    if (!repeated) throw error;
  }
}

const REPEATED = /cannot transition/i;

const listSchema = z.array(
  z.object({ ...remoteId.shape, sha: z.string(), created_at: z.iso.datetime({ offset: true }) }),
);

/** GitLab's deployments carry nothing of ours: it is the one of the commit since the task began that no other task has made. */
async function find(
  { repository, commit, environment, since }: DeploymentInstruction,
  { others }: DeploymentBook,
  context: ForgeContext,
): Promise<string | null> {
  const query = new URLSearchParams({ environment, order_by: "id", sort: "desc", per_page: "20" });
  const path = `${pathOf(repository)}/deployments?${query.toString()}`;
  const listed = await call(context, "GET", path, { schema: listSchema });
  const known = new Set(others.map((other) => other.remoteId));
  const isOwn = (each: z.output<typeof listSchema>[number]): boolean =>
    each.sha === commit && !known.has(each.id) && Date.parse(each.created_at) >= Date.parse(since);
  return listed.find(isOwn)?.id ?? null;
}

async function create(
  { repository, commit, ref, tag, environment, state }: DeploymentInstruction,
  context: ForgeContext,
): Promise<string> {
  const body = { environment, sha: commit, ref: ref ?? commit, tag, status: DEPLOYMENTS[state] };
  const made = await call(context, "POST", `${pathOf(repository)}/deployments`, { body, schema: remoteId });
  return made.id;
}
