import type { Freeze } from "../domain/freeze.ts";
import { nearest } from "../lib/nearest.ts";
import { createTimeWindow, type TimeWindow } from "../lib/time-window.ts";
import type { FreezeInput } from "./freeze-schema.ts";
import type { KeyPath } from "./problems.ts";
import type { Reading } from "./reading.ts";
import { messageOf } from "../lib/message-of.ts";

/** The freezes of the settings; those that are not valid are reported and left out. `actions`: the names that there are. */
export function readFreezes(
  reading: Reading,
  inputs: readonly FreezeInput[],
  actions: readonly string[],
): Freeze[] {
  return inputs
    .map((input, index) => readFreeze(reading, { input, actions, path: ["freeze", index] }))
    .filter((freeze) => freeze !== null);
}

interface FreezeEntry {
  readonly input: FreezeInput;
  readonly actions: readonly string[];
  readonly path: KeyPath;
}

function readFreeze({ findings }: Reading, { input, actions, path }: FreezeEntry): Freeze | null {
  const { report } = findings;
  for (const key of ["actions", "except"] as const) {
    for (const name of (input[key] ?? []).filter((each) => !actions.includes(each))) {
      const suggestion = nearest(name, actions);
      report({ path: [...path, key], message: `there is no action ${name}`, suggestion });
    }
  }
  try {
    const window = windowOf(input);
    return {
      reason: input.reason ?? null,
      actions: input.actions ?? null,
      except: input.except,
      endOf: (at) => window.endOf(at),
    };
  } catch (error) {
    report({ path, message: messageOf(error) });
    return null;
  }
}

function windowOf({ from, until, cron, duration: durationMs, timezone }: FreezeInput): TimeWindow {
  if (from !== undefined && until !== undefined && cron === undefined && durationMs === undefined) {
    return createTimeWindow({ from, until, timezone });
  }
  if (cron !== undefined && durationMs !== undefined && from === undefined && until === undefined) {
    return createTimeWindow({ cron, durationMs, timezone });
  }
  throw new Error("expected either from and until, or cron and duration");
}
