import type { z } from "zod";
import type { startedTaskSchema } from "../client/schemas.ts";
import { shortId } from "./find.ts";
import { inWords } from "./invocation.ts";

/** What there is to say of a task that has been started, or waits to be, and is not followed. */
export function startedLine({ id, hold }: z.infer<typeof startedTaskSchema>): string {
  const follow = `follow it with: ${inWords(`follow ${shortId(id)}`)}`;
  if (hold === undefined) return `${id} started; ${follow}`;
  if (hold.type !== "approval") return `${id}: ${hold.reason}; ${follow}`;
  return `${id}: ${hold.reason}; approve it with: ${inWords(`approve ${shortId(id)}`)}`;
}
