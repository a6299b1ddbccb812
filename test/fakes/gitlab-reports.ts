import { z } from "zod";
import type { ReportRequest } from "./github-reports.ts";
import type { ApiAnswer } from "./json-api.ts";

export interface FakeGitlabReports {
  readonly statuses: {
    readonly project: string;
    readonly sha: string;
    readonly name: string;
    state: string;
  }[];
  readonly deployments: {
    readonly id: number;
    readonly sha: string;
    readonly environment: string;
    status: string;
  }[];
  answer(request: ReportRequest): ApiAnswer;
}

const statusSchema = z.strictObject({
  state: z.enum(["pending", "running", "success", "failed", "canceled", "skipped"]),
  name: z.string(),
  target_url: z.url().max(255),
  description: z.string().max(255),
  ref: z.string().optional(),
});
const deploymentSchema = z.strictObject({
  environment: z.string(),
  sha: z.string(),
  ref: z.string(),
  tag: z.boolean(),
  status: z.enum(["running", "success", "failed", "canceled"]),
});
const updateSchema = deploymentSchema.pick({ status: true });

/** https://docs.gitlab.com/api/commits/#set-commit-pipeline-status and https://docs.gitlab.com/api/deployments/ */
export function createFakeGitlabReports(now: () => Date = () => new Date()): FakeGitlabReports {
  const statuses: FakeGitlabReports["statuses"] = [];
  const deployments: (FakeGitlabReports["deployments"][number] & { created_at: string })[] = [];

  /** One that has not ended is changed, as GitLab does; it does not take the state that it is in already. */
  function setStatus(project: string, sha: string, body: unknown): ApiAnswer {
    const { name, state } = statusSchema.parse(body);
    const open = statuses.findLast(
      (each) => each.sha === sha && each.name === name && ["pending", "running"].includes(each.state),
    );
    if (open?.state === state) return refuse(`Cannot transition status via :${state} from :${state}`);
    if (open === undefined) statuses.push({ project, sha, name, state });
    else open.state = state;
    return { status: 201, body: { id: statuses.length } };
  }

  function update(id: number, body: unknown): ApiAnswer {
    const { status } = updateSchema.parse(body);
    const found = deployments.find((each) => each.id === id);
    if (found === undefined) return { status: 404, body: { message: "404 Not found" } };
    if (found.status === status) return refuse(`Status cannot transition via "${status}"`);
    found.status = status;
    return { status: 200, body: found };
  }

  return {
    statuses,
    deployments,
    answer({ method, path, body }) {
      const { pathname, searchParams } = new URL(path.replace("o/app", "o%2Fapp"), "http://fake");
      const [, project = "", kind, key = ""] =
        /^\/projects\/([^/]+)\/(statuses|deployments)(?:\/([^/]+))?$/.exec(pathname) ?? [];
      if (decodeURIComponent(project) !== "o/app")
        return { status: 404, body: { message: "404 Project Not Found" } };
      if (kind === "statuses") return setStatus("o/app", key, body);
      if (method === "PUT") return update(Number(key), body);
      if (method === "GET") {
        const environment = searchParams.get("environment");
        return {
          status: 200,
          body: deployments.filter((each) => each.environment === environment).toReversed(),
        };
      }
      const { sha, environment, status } = deploymentSchema.parse(body);
      const made = {
        id: 900 + deployments.length,
        sha,
        environment,
        status,
        created_at: now().toISOString(),
      };
      deployments.push(made);
      return { status: 201, body: made };
    },
  };
}

const refuse = (message: string): ApiAnswer => ({ status: 400, body: { message } });
