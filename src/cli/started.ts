import type { StartedTaskWire } from "../client/schemas.ts";
import { shortId } from "./find.ts";
import { inWords } from "./invocation.ts";
import type { Output } from "./output.ts";
import { colors } from "./terminal.ts";

/** What its starter should know. */
export function warnOf(output: Output, { note }: StartedTaskWire): void {
  if (note !== undefined) output.note(`${colors.yellow("warning")}: ${note}`);
}

/** What there is to say of a task that has been started, or waits to be, and is not followed. */
export function startedLine({ id, hold }: StartedTaskWire): string {
  const follow = `follow it with: ${inWords(`follow ${shortId(id)}`)}`;
  if (hold === undefined) return `${id} started; ${follow}`;
  if (hold.type !== "approval") return `${id}: ${hold.reason}; ${follow}`;
  return `${id}: ${hold.reason}; approve it with: ${inWords(`approve ${shortId(id)}`)}`;
}
