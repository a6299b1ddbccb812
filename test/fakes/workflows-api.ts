import { type FakeApi, startFakeApi, type ApiAnswer } from "./json-api.ts";

export interface FakeWorkflows extends FakeApi {
  /** What the runs are found in, one look after the other; the last one stays. */
  readonly looks: object[];
}

export interface FakeWorkflowsOptions {
  readonly forge: "github" | "gitea" | "forgejo";
  readonly token: string;
  /** Default: it does. */
  readonly tellsRun?: boolean;
}

/**
 * Starting workflows at https://docs.github.com/rest/actions/workflows, https://docs.gitea.com/api/ and
 * https://codeberg.org/api/swagger: one repository `o/gitops` with the workflow `rollback.yaml`.
 */
export async function startFakeWorkflows({
  forge,
  token,
  tellsRun = true,
}: FakeWorkflowsOptions): Promise<FakeWorkflows> {
  const looks: object[] = [];
  const api = await startFakeApi(({ method, path, headers, body }) => {
    const expected = forge === "github" ? `Bearer ${token}` : `token ${token}`;
    if (headers["authorization"] !== expected) return { status: 401, body: { message: "Bad credentials" } };
    if (method === "GET" && path === "/repos/o/gitops/actions/runs/7") {
      return { status: 200, body: looks.length > 1 ? looks.shift() : looks[0] };
    }
    if (method !== "POST" || path !== "/repos/o/gitops/actions/workflows/rollback.yaml/dispatches") {
      return { status: 404, body: { message: "Not Found" } };
    }
    return answerStart(body, tellsRun);
  });
  return { ...api, looks };
}

function answerStart(body: unknown, tellsRun: boolean): ApiAnswer {
  const given = new Map(Object.entries(body ?? {}));
  if (given.get("ref") !== "main") {
    return { status: 422, body: { message: `No ref found for: ${String(given.get("ref"))}` } };
  }
  if (tellsRun && given.get("return_run_details") === true) {
    const details = {
      workflow_run_id: 7,
      run_url: "https://api.example.com/7",
      html_url: "https://example.com/7",
    };
    return { status: 200, body: details };
  }
  if (tellsRun && given.get("return_run_info") === true) {
    return { status: 201, body: { id: 7, run_number: 3, jobs: ["rollback"] } };
  }
  return { status: 204 };
}
