import { createHash } from "node:crypto";
import type { Notice } from "../../domain/notice.ts";
import type { ReportRules, TaskReport } from "../../domain/report.ts";
import type { Task } from "../../domain/task.ts";
import { formatDuration } from "../../lib/duration.ts";
import { newId } from "../../lib/ids.ts";
import { shorten } from "../../lib/shorten.ts";
import type { NewMessage } from "../../storage/store.ts";
import type { Links } from "../links.ts";
import { type DeploymentState, type Instruction, orderKeyOf, type StatusState } from "./instruction.ts";

export interface MakeReportsInput {
  readonly notice: Notice;
  readonly rules: ReportRules;
  readonly links: Links;
  readonly now: Date;
}

/** `report:NAME`: no endpoint of the settings has a name with a colon. */
export const reportEndpoint = ({ name }: Pick<ReportRules, "name">): string => `report:${name}`;

/** Another forge is another destination. */
export const reportDigest = ({ forge, apiUrl }: Pick<ReportRules, "forge" | "apiUrl">): string =>
  createHash("sha256").update(`${forge} ${apiUrl}`).digest("base64url");

/** What the task's forge is told of a notice: a commit status, a deployment's state, both or nothing. */
export function makeReports({ notice, rules, links, now }: MakeReportsInput): NewMessage[] {
  const { task } = notice;
  if (task?.report == null) return [];
  const instructions = instructionsOf({ notice, rules, links }, task, task.report);
  return instructions.map((instruction) => ({
    id: newId(),
    endpoint: reportEndpoint(rules),
    type: notice.type,
    taskId: task.id,
    createdAt: now.toISOString(),
    urlDigest: reportDigest(rules),
    headers: {},
    body: JSON.stringify(instruction),
    error: null,
    orderKey: orderKeyOf(instruction),
  }));
}

function instructionsOf(
  { notice, rules, links }: Pick<MakeReportsInput, "notice" | "rules" | "links">,
  task: Task,
  { repository, commit, ref, tag, user }: TaskReport,
): Instruction[] {
  const about = {
    forge: rules.forge,
    repository,
    commit,
    ref,
    tag,
    user,
    task: task.id,
    since: task.createdAt,
    url: links.page(task),
    description: shorten(describe(notice, task), MAX_DESCRIPTION),
  };
  const status = rules.status ? statusOf(notice, task) : null;
  const { context, deployment: environment, environmentUrl } = rules;
  const state = environment === null ? null : deploymentOf(notice, task);
  return [
    ...(status === null ? [] : [{ type: "status", ...about, context, state: status } as const]),
    ...(environment === null || state === null
      ? []
      : [{ type: "deployment", ...about, environment, environment_url: environmentUrl, state } as const]),
  ];
}

function statusOf({ type }: Notice, { outcome }: Task): StatusState | null {
  switch (type) {
    case "task.queued":
      return "pending";
    case "task.started":
      return "running";
    case "task.completed":
      return "success";
    case "task.failed":
      return outcome === "lost" ? "error" : "failure";
    case "task.cancelled":
      return "error";
    default:
      return null;
  }
}

/** Of a task that never ran nothing was deployed, nor begun to be. */
function deploymentOf({ type }: Notice, { outcome, startedAt }: Task): DeploymentState | null {
  if (startedAt === null && type !== "task.started") return null;
  switch (type) {
    case "task.started":
      return "in_progress";
    case "task.completed":
      return "success";
    case "task.failed":
      return outcome === "lost" ? "error" : "failure";
    case "task.cancelled":
      return "inactive";
    default:
      return null;
  }
}

/** The least that a forge takes. */
const MAX_DESCRIPTION = 140;

/** Statuses of public repositories can be read by everybody, so nothing that a command has printed is in there. */
function describe({ type }: Notice, task: Task): string {
  switch (type) {
    case "task.queued":
      return task.hold === null ? "Waits to run" : HOLDS[task.hold.type];
    case "task.started":
      return "Running";
    case "task.completed":
      return `Succeeded${took(task)}`;
    case "task.failed":
      return failure(task);
    default:
      return task.outcome === null
        ? "Ended"
        : `${task.outcome.charAt(0).toUpperCase()}${task.outcome.slice(1)}`;
  }
}

const HOLDS: Readonly<Record<NonNullable<Task["hold"]>["type"], string>> = {
  quiet: "Waits until no other comes",
  approval: "Waits for approval",
  freeze: "Waits for the end of a freeze",
  travis_check: "Looks whether Travis CI tests the commit first",
  travis: "Waits for Travis CI",
};

function failure({ outcome, steps, state }: Task): string {
  if (outcome === "lost") return "Lost with its server";
  if (outcome === "timed_out") return "Took too long";
  const failed = steps.find((step) => step.phase === "run" && step.state === "failed");
  const where = failed === undefined ? "" : ` in step ${failed.name}`;
  return `Failed${where}${state === "FAILED_CANCELLING" ? ", and could not be undone" : ""}`;
}

const took = ({ startedAt, endedAt }: Task): string =>
  startedAt === null || endedAt === null
    ? ""
    : ` after ${formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}`;
