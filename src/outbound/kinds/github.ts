import { z } from "zod";
import type { Notice } from "../../domain/notice.ts";
import type { Task } from "../../domain/task.ts";
import { hmacHex } from "../hmac.ts";
import { JSON_TYPE, secretInTurn, type EndpointKind } from "../kind.ts";
import type { Links } from "../links.ts";

const schema = z.strictObject({
  repository: z
    .string()
    .regex(/^[^/\s]+\/[^/\s]+$/, "expected owner/name")
    .optional()
    .describe("`owner/name` that the events are said to be of. Default: `hookwright/ACTION`."),
});

const EVENT = "x-github-event";

/**
 * As GitHub tells of a workflow (https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run): the task is the
 * run of a workflow, its action the workflow. The test of an endpoint is GitHub's `ping`.
 */
export const github: EndpointKind<z.output<typeof schema>> = {
  kind: "github",
  summary: "Receivers of GitHub's webhooks: `workflow_run` events, by X-Hub-Signature-256.",
  schema,
  secret: "required",
  types: [
    "task.started",
    "task.completed",
    "task.failed",
    "task.cancelled",
    "task.recovered",
    "endpoint.test",
  ],
  render(notice, { repository }, { links }) {
    const { task } = notice;
    const event = task === null ? "ping" : "workflow_run";
    const body = task === null ? PING : workflowRun(notice, task, { repository, links });
    const headers = { ...JSON_TYPE, "user-agent": "GitHub-Hookshot/hookwright", [EVENT]: event };
    return { body: JSON.stringify(body), headers };
  },
  sign({ id, body, attempt }, secrets) {
    const signature = `sha256=${hmacHex(secretInTurn(secrets, attempt) ?? "", body)}`;
    return { "x-github-delivery": id, "x-hub-signature-256": signature };
  },
};

const PING = { zen: "Keep it logically awesome.", hook_id: 0, hook: { type: "Repository", active: true } };

interface RunInput {
  readonly repository: string | undefined;
  readonly links: Links;
}

function workflowRun(
  { at }: Notice,
  task: Task,
  { repository = `hookwright/${task.action}`, links }: RunInput,
) {
  const [owner = "", name = ""] = repository.split("/");
  const isOver = task.endedAt !== null;
  return {
    action: isOver ? "completed" : "in_progress",
    workflow_run: {
      id: task.number,
      name: task.action,
      run_number: task.number,
      run_attempt: task.attempt,
      event: task.startedBy.type === "manual" ? "workflow_dispatch" : "push",
      head_branch: task.correlation["branch"] ?? null,
      head_sha: task.params["sha"] ?? null,
      status: isOver ? "completed" : "in_progress",
      conclusion: isOver ? conclusionOf(task) : null,
      url: links.task(task),
      html_url: links.page(task),
      created_at: githubTime(task.createdAt),
      run_started_at: githubTime(task.startedAt ?? task.createdAt),
      updated_at: githubTime(at),
    },
    workflow: { name: task.action, state: "active" },
    repository: { name, full_name: repository, owner: { login: owner } },
    sender: { login: "hookwright", type: "Bot" },
    correlation: task.correlation,
  };
}

function conclusionOf({ outcome, state }: Task): string {
  if (state === "FAILED_CANCELLING") return "failure";
  switch (outcome) {
    case "succeeded":
      return "success";
    case "timed_out":
      return "timed_out";
    case "cancelled":
    case "superseded":
      return "cancelled";
    case "rejected":
      return "skipped";
    default:
      return "failure";
  }
}

/** GitHub writes no parts of a second. */
const githubTime = (time: string): string => `${time.slice(0, 19)}Z`;
