import type { AuditEntry } from "../domain/audit.ts";
import { AppError } from "../domain/errors.ts";
import type { Approval } from "../domain/hold.ts";
import { allows, SCOPES } from "../domain/scopes.ts";
import type { Task } from "../domain/task.ts";
import type { AfterHold } from "../storage/store.ts";
import type { OneAsked } from "./app.ts";
import { endHold } from "./hold-keeper.ts";
import { afterHold, settleHold } from "./holds.ts";
import { getTask } from "./read-tasks.ts";
import type { Services } from "./services.ts";

export interface ApproveInput extends OneAsked {
  /** What they may. */
  readonly scopes: readonly string[];
  readonly decision: "approved" | "refused";
  /** In their words. */
  readonly comment: string | null;
  /** Let it start although there is a freeze; for a task that waits for nothing else as well. */
  readonly overrideFreeze: boolean;
}

/** See App.approveTask. */
export function approveTask(services: Services, input: ApproveInput): Promise<Task> {
  return services.auditor.attempt(entryOf(input), () => approve(services, input));
}

const entryOf = (input: ApproveInput): AuditEntry => ({
  asker: input,
  action: input.decision === "approved" ? "task.approve" : "task.refuse",
  target: `task:${input.id}`,
  details: { comment: input.comment, override_freeze: input.overrideFreeze },
});

async function approve(services: Services, input: ApproveInput): Promise<Task> {
  const task = await getTask(services, input.id);
  const overrides = input.overrideFreeze && input.decision === "approved";
  const done =
    task.hold?.type === "freeze" && overrides
      ? await overrideFreeze(services, task, input)
      : await decide(services, task, input);
  const now = await getTask(services, task.id);
  if (!done) throw tooLate(now);
  return now;
}

function overrideFreeze(services: Services, { id, hold }: Task, input: ApproveInput): Promise<boolean> {
  if (hold === null) return Promise.resolve(false);
  const note = withComment(`Let start in spite of the freeze by ${input.by}`, input);
  return settleHold(services, { id, hold, after: { type: "release" }, note }, entryOf(input));
}

/** False when there is nothing to decide (any more). */
async function decide(services: Services, task: Task, input: ApproveInput): Promise<boolean> {
  const { id, hold, approval } = task;
  if (hold === null || hold.type === "freeze" || approval?.decision !== "pending") return false;
  checkScopes(approval, input.scopes);
  const at = services.now().toISOString();
  if (hold.type === "approval" && hold.until <= at) {
    // Nobody has looked yet.
    await endHold(services, task);
    return false;
  }
  const { decision, by } = input;
  const note = withComment(`${decision === "approved" ? "Approved" : "Refused"} by ${by}`, input);
  const after = await afterDecision(services, task, input, note);
  const decided = { ...approval, decision, by, at };
  return settleHold(services, { id, hold, after, note, approval: decided }, entryOf(input));
}

async function afterDecision(
  services: Services,
  task: Task,
  { decision, overrideFreeze: overrides }: ApproveInput,
  note: string,
): Promise<AfterHold> {
  if (decision === "refused") return { type: "reject", reason: note };
  // Others of its action may still come.
  if (task.hold?.type === "quiet") return { type: "hold", hold: task.hold };
  return overrides ? { type: "release" } : afterHold(services, task);
}

const withComment = (text: string, { comment }: ApproveInput): string =>
  comment === null ? text : `${text}: ${comment}`;

function checkScopes({ scopes }: Approval, given: readonly string[]): void {
  const needed = SCOPES.filter((scope) => scopes.includes(scope));
  if (needed.some((scope) => allows(given, scope))) return;
  throw new AppError(
    "auth:forbidden",
    `The approval needs the scope ${needed.join(" or ")}; the token has ${given.join(", ")}`,
  );
}

/** Why there is nothing to decide. */
function tooLate({ id, state, reason, hold, approval }: Task): AppError {
  const details = { state };
  const frozen = hold?.type === "freeze" ? `. ${hold.reason}, which can be overridden` : "";
  if (approval === null) {
    return new AppError("approval:not_needed", `Task ${id} needs no approval${frozen}`, { details });
  }
  const { decision, by, at } = approval;
  if (decision === "approved" || decision === "refused") {
    const message = `Task ${id} was ${decision} by ${by ?? "somebody"} at ${at ?? "some time"}${frozen}`;
    return new AppError("approval:decided", message, { details: { ...details, decision, by, at } });
  }
  if (decision === "expired") {
    return new AppError("approval:expired", `${reason ?? "The time was up"}; retry the task`, { details });
  }
  return new AppError("approval:ended", `The task ended before: ${reason ?? state}`, { details });
}
