import type { ApiAnswer } from "./json-api.ts";
import { z } from "zod";

/** A commit status as the fake took it. */
export interface FakeStatus {
  readonly repository: string;
  readonly sha: string;
  readonly state: string;
  readonly context: string;
  readonly description: string;
  readonly target_url: string;
}

export interface FakeDeployment {
  readonly id: number;
  readonly repository: string;
  readonly sha: string;
  readonly environment: string;
  readonly payload: unknown;
  /** In the order in which they were told. */
  readonly states: string[];
  /** The newest. */
  log_url: string | null;
  environment_url: string | null;
}

export interface FakeReports {
  readonly statuses: FakeStatus[];
  readonly deployments: FakeDeployment[];
  /** Null: that was something else. */
  answer(request: ReportRequest): ApiAnswer | null;
}

export interface ReportRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

const statusSchema = z.strictObject({
  state: z.enum(["error", "failure", "pending", "success"]),
  target_url: z.url({ protocol: /^https?$/ }),
  description: z.string().max(140, "description is too long (maximum is 140 characters)"),
  context: z.string(),
});
const deploymentSchema = z.strictObject({
  ref: z.string(),
  task: z.string().default("deploy"),
  auto_merge: z.boolean().default(true),
  required_contexts: z.array(z.string()).optional(),
  environment: z.string().default("production"),
  description: z.string().max(140),
  payload: z.union([z.string(), z.record(z.string(), z.unknown())]).default(""),
});
const stateSchema = z.strictObject({
  state: z.enum(["error", "failure", "inactive", "in_progress", "queued", "pending", "success"]),
  log_url: z.url(),
  description: z.string().max(140),
  environment: z.string(),
  environment_url: z.url().optional(),
});

/**
 * Commit statuses and deployments of GitHub's REST API (https://docs.github.com/rest/commits/statuses,
 * https://docs.github.com/rest/deployments). A ref that would have to be merged or tested first is not deployed.
 */
export function createFakeReports(knows: (repository: string, sha: string) => boolean): FakeReports {
  const statuses: FakeStatus[] = [];
  const deployments: FakeDeployment[] = [];

  function setStatus(repository: string, sha: string, body: unknown): ApiAnswer {
    if (!knows(repository, sha)) return refuse(422, `No commit found for SHA: ${sha}`);
    const read = statusSchema.safeParse(body);
    if (!read.success) return refuse(422, z.prettifyError(read.error));
    statuses.push({ repository, sha, ...read.data });
    return { status: 201, body: { id: statuses.length, ...read.data } };
  }

  function deploy(repository: string, body: unknown): ApiAnswer {
    const read = deploymentSchema.safeParse(body);
    if (!read.success) return refuse(422, z.prettifyError(read.error));
    const { ref, environment, payload, auto_merge: merges, required_contexts: contexts } = read.data;
    if (!knows(repository, ref)) return refuse(422, `No ref found for: ${ref}`);
    if (contexts === undefined) return refuse(409, `Conflict: Commit status checks failed for ${ref}.`);
    if (merges) return { status: 202, body: { message: "Auto-merged master into topic on deployment." } };
    const id = deployments.length + 1;
    const states: string[] = [];
    deployments.push({
      id,
      repository,
      sha: ref,
      environment,
      payload,
      states,
      log_url: null,
      environment_url: null,
    });
    return { status: 201, body: { id, sha: ref, environment, payload } };
  }

  function find(repository: string, query: URLSearchParams): ApiAnswer {
    const [sha, environment] = [query.get("sha"), query.get("environment")];
    const found = deployments.filter(
      (each) =>
        each.repository === repository &&
        (sha === null || each.sha === sha) &&
        (environment === null || each.environment === environment),
    );
    return { status: 200, body: found.toReversed().map(({ states: _states, ...rest }) => rest) };
  }

  function setState(id: number, body: unknown): ApiAnswer {
    const deployment = deployments.find((each) => each.id === id);
    if (deployment === undefined) return refuse(404, "Not Found");
    const read = stateSchema.safeParse(body);
    if (!read.success) return refuse(422, z.prettifyError(read.error));
    deployment.states.push(read.data.state);
    deployment.log_url = read.data.log_url;
    deployment.environment_url = read.data.environment_url ?? deployment.environment_url;
    return { status: 201, body: { id: 1, ...read.data } };
  }

  return {
    statuses,
    deployments,
    answer({ method, path, body }) {
      const { pathname, searchParams } = new URL(path, "http://fake");
      const [, repository = "", kind = "", key = "", extra] =
        /^\/repos\/([^/]+\/[^/]+)\/(statuses|deployments)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(pathname) ?? [];
      if (method === "POST" && kind === "statuses") return setStatus(repository, key, body);
      if (kind !== "deployments") return null;
      if (method === "GET" && key === "") return find(repository, searchParams);
      if (method === "POST" && key === "") return deploy(repository, body);
      return method === "POST" && extra === "statuses" ? setState(Number(key), body) : null;
    },
  };
}

const refuse = (status: number, message: string): ApiAnswer => ({ status, body: { message } });
