import { AppError } from "../domain/errors.ts";
import type { Readiness } from "./app.ts";
import type { Services } from "./services.ts";

/** Whether webhooks can be taken: by the store, or on this machine while there is room for them. Rejects as `ready` does. */
export async function checkReady(
  { spool }: Pick<Services, "spool">,
  ready: () => Promise<void>,
): Promise<Readiness> {
  try {
    await ready();
  } catch (error) {
    const isAway = error instanceof AppError && error.code === "store:unavailable";
    if (spool === null || spool.isFull || !isAway) throw error;
  }
  return { spooled: spool?.waiting ?? 0 };
}
