import { z } from "zod";
import type { ForgeDeployment } from "../../domain/report.ts";
import { encodePath } from "../../lib/encode-path.ts";
import {
  anything,
  ask,
  type ForgeApi,
  type ForgeContext,
  GITHUB_STATES,
  openBook,
  remoteId,
} from "./forge.ts";
import type { DeploymentInstruction, DeploymentState } from "./instruction.ts";

const VERSION = { accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28" };

/** https://docs.github.com/rest/commits/statuses and https://docs.github.com/rest/deployments/deployments */
export const github: ForgeApi = {
  name: "GitHub",
  async status({ repository, commit, state, context: name, url, description }, context) {
    const body = { state: GITHUB_STATES[state], target_url: url, description, context: name };
    await call(context, "POST", `${pathOf(repository)}/statuses/${commit}`, { body, schema: anything });
  },
  async deployment(instruction, context) {
    const book = await openBook(instruction, context);
    const id =
      book.own?.remoteId ?? (await find(instruction, context)) ?? (await create(instruction, context));
    const own = { taskId: instruction.task, remoteId: id };
    // On record before it is used: whoever comes after a crash goes on with the same.
    if (book.own === null) await book.note(own, "new");
    await tell(instruction, { id, state: instruction.state }, context);
    await book.note(own, instruction.state);
    if (instruction.state !== "success") return;
    for (const other of book.others.filter(({ state }) => state === "success")) {
      await retire(instruction, other, context);
      await book.note(other, "inactive");
    }
  },
};

const pathOf = (repository: string): string => `/repos/${encodePath(repository)}`;

interface CallInput<T> {
  readonly body?: unknown;
  readonly schema: z.ZodType<T>;
}

function call<T>(
  context: ForgeContext,
  method: "GET" | "POST",
  path: string,
  { body, schema }: CallInput<T>,
): Promise<T> {
  const headers = { ...VERSION, authorization: `Bearer ${context.token}` };
  const url = `${context.rules.apiUrl}${path}`;
  return ask({ service: "GitHub", method, url, headers, body }, schema, context);
}

/** In the deployment's `payload`, by which it is found again. */
const KEY = "hookwright_task";
const payloadSchema = z
  .union([z.string().transform((text) => asMap(text)), z.record(z.string(), z.unknown())])
  .catch({});
const listSchema = z.array(z.object({ ...remoteId.shape, payload: payloadSchema }));

function asMap(text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    return {};
  }
}

/** One that an earlier attempt has made, whose answer was lost. */
async function find(
  { repository, commit, environment, task }: DeploymentInstruction,
  context: ForgeContext,
): Promise<string | null> {
  const query = new URLSearchParams({ sha: commit, environment, per_page: "100" });
  const path = `${pathOf(repository)}/deployments?${query.toString()}`;
  const listed = await call(context, "GET", path, { schema: listSchema });
  return listed.find(({ payload }) => payload[KEY] === task)?.id ?? null;
}

/** Nothing is merged, and no status of others is waited for: what is told of has been decided already. */
async function create(
  { repository, commit, environment, task, description }: DeploymentInstruction,
  context: ForgeContext,
): Promise<string> {
  const body = {
    ref: commit,
    task: "deploy",
    auto_merge: false,
    required_contexts: [],
    environment,
    description,
    payload: { [KEY]: task },
  };
  const made = await call(context, "POST", `${pathOf(repository)}/deployments`, { body, schema: remoteId });
  return made.id;
}

async function tell(
  { repository, environment, url, description, environment_url: environmentUrl }: DeploymentInstruction,
  { id, state }: { readonly id: string; readonly state: DeploymentState },
  context: ForgeContext,
): Promise<void> {
  const body = {
    state,
    environment,
    log_url: url,
    description,
    ...(environmentUrl !== null && state === "success" && { environment_url: environmentUrl }),
  };
  const path = `${pathOf(repository)}/deployments/${id}/statuses`;
  await call(context, "POST", path, { body, schema: anything });
}

/** GitHub itself does so for environments that are not for production alone. */
function retire(
  { repository, task, ...rest }: DeploymentInstruction,
  { remoteId: id }: ForgeDeployment,
  context: ForgeContext,
): Promise<void> {
  const instruction = { ...rest, repository, task, description: "Another deployment is in its place" };
  return tell(instruction, { id, state: "inactive" }, context);
}
