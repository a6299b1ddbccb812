import { isDeepStrictEqual } from "node:util";
import { SERVER } from "../domain/audit.ts";
import type { Task } from "../domain/task.ts";
import { afterHold, afterQuiet, settleHold, unapproved } from "./holds.ts";
import type { AfterHold } from "../storage/store.ts";
import type { Services } from "./services.ts";
import { afterTravisCheck, travisSilent } from "./travis-hold.ts";

/** Looks after tasks that may not start yet: lets them go, or ends them, when their time has come. */
export interface HoldKeeper {
  start(): void;
  stop(): void;
}

export interface HoldKeeperOptions {
  readonly services: Services;
  /** How long it looks away at most: holds are also made by others, and clocks are set. */
  readonly pollMs?: number;
}

const BATCH = 100;

export function createHoldKeeper({ services, pollMs = 1_000 }: HoldKeeperOptions): HoldKeeper {
  const { store, now, logger } = services;
  let timer: NodeJS.Timeout | undefined;
  let working = false;

  /** Resolves with how long it may look away, in ms. */
  async function look(): Promise<number> {
    const at = now();
    const { due, next } = await store.dueTasks({ now: at.toISOString(), limit: BATCH });
    for (const task of due) await endHold(services, task);
    if (next === null) return pollMs;
    return Math.min(pollMs, Math.max(0, Date.parse(next) - at.getTime()));
  }

  async function lookForEver(): Promise<void> {
    let wait = pollMs;
    try {
      wait = await look();
    } catch (error) {
      logger.warn({ err: error }, "Waiting tasks could not be looked after; trying again");
    }
    if (working) timer = setTimeout(() => void lookForEver(), wait);
  }

  return {
    start() {
      working = true;
      void lookForEver();
    },
    stop() {
      working = false;
      clearTimeout(timer);
    },
  };
}

/** What comes after a hold whose time has come. */
export async function endHold(services: Services, task: Task): Promise<void> {
  const { id, hold, approval, createdAt } = task;
  if (hold === null) return;
  if (hold.type === "approval") {
    const after = unapproved({ createdAt, until: hold.until });
    const note = "The time for an approval is over";
    const at = services.now().toISOString();
    const expired = approval === null ? undefined : { ...approval, decision: "expired" as const, at };
    const audit = { asker: SERVER, action: "task.expire", target: `task:${id}` } as const;
    await settleHold(services, { id, hold, after, note, approval: expired }, audit);
    return;
  }
  const after = await nextOf(services, task);
  await settleHold(services, { id, hold, after, note: noteOf(after) });
}

async function nextOf(services: Services, task: Task): Promise<AfterHold> {
  switch (task.hold?.type) {
    case "quiet":
      return afterQuiet(services, task);
    case "travis_check":
      return afterTravisCheck(services, task);
    case "travis":
      return travisSilent;
    default:
      return afterHold(services, task);
  }
}

const noteOf = (after: AfterHold): string =>
  after.type === "release"
    ? "Nothing keeps it from starting any more"
    : after.type === "hold"
      ? after.hold.reason
      : after.reason;

/** To be called when the settings may have changed: freezes that are shorter now, or gone, keep nobody waiting. */
export async function reviewFreezes(services: Services): Promise<void> {
  for (const task of await services.store.heldTasks("freeze")) {
    const { id, hold } = task;
    const after = await afterHold(services, task);
    const same = after.type === "hold" && hold !== null && isDeepStrictEqual(after.hold, hold);
    if (hold !== null && !same) await settleHold(services, { id, hold, after, note: noteOf(after) });
  }
}
