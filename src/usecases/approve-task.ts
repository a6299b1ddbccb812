import { AppError } from "../domain/errors.ts";
import type { Approval } from "../domain/hold.ts";
import { allows, SCOPES } from "../domain/scopes.ts";
import type { Task } from "../domain/task.ts";
import type { AfterHold } from "../storage/store.ts";
import { endHold } from "./hold-keeper.ts";
import { settleHold } from "./holds.ts";
import { getTask } from "./read-tasks.ts";
import type { Services } from "./services.ts";

export interface ApproveInput {
  readonly id: string;
  /** Who, for the record. */
  readonly by: string;
  /** What they may. */
  readonly scopes: readonly string[];
  readonly decision: "approved" | "refused";
  /** In their words. */
  readonly comment: string | null;
}

/** See App.approveTask. */
export async function approveTask(services: Services, input: ApproveInput): Promise<Task> {
  const task = await getTask(services, input.id);
  const { hold, approval } = task;
  if (hold?.type !== "approval" || approval === null) throw tooLate(task);
  checkScopes(approval, input.scopes);
  const now = services.now().toISOString();
  // Nobody has looked yet.
  if (hold.until <= now) await endHold(services, task);
  else {
    const note = noteOf(input);
    const after: AfterHold =
      input.decision === "approved" ? { type: "release" } : { type: "reject", reason: note };
    const decided = { ...approval, decision: input.decision, by: input.by, at: now };
    if (await settleHold(services, { id: task.id, hold, after, note, approval: decided })) {
      return getTask(services, task.id);
    }
  }
  throw tooLate(await getTask(services, task.id));
}

function noteOf({ decision, by, comment }: ApproveInput): string {
  const who = `${decision === "approved" ? "Approved" : "Refused"} by ${by}`;
  return comment === null ? who : `${who}: ${comment}`;
}

function checkScopes({ scopes }: Approval, given: readonly string[]): void {
  const needed = SCOPES.filter((scope) => scopes.includes(scope));
  if (needed.some((scope) => allows(given, scope))) return;
  throw new AppError(
    "auth:forbidden",
    `The approval needs the scope ${needed.join(" or ")}; the token has ${given.join(", ")}`,
  );
}

/** Why there is nothing to decide (any more). */
function tooLate({ id, state, reason, approval }: Task): AppError {
  const details = { state };
  if (approval === null) return new AppError("approval:not_needed", undefined, { details });
  const { decision, by, at } = approval;
  if (decision === "approved" || decision === "refused") {
    const message = `Task ${id} was ${decision} by ${by ?? "somebody"} at ${at ?? "some time"}`;
    return new AppError("approval:decided", message, { details: { ...details, decision, by, at } });
  }
  if (decision === "expired") {
    return new AppError("approval:expired", `${reason ?? "The time was up"}; retry the task`, { details });
  }
  return new AppError("approval:ended", `The task ended before: ${reason ?? state}`, { details });
}
