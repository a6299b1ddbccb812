import type { Logger } from "../lib/logger.ts";

export interface Refusal {
  /** Its name; `(api)` for what no source takes. */
  readonly source: string;
  readonly code: string;
  readonly remoteAddress: string | null;
  /** The `x-api-uuid` of its answer. */
  readonly requestId?: string | undefined;
  /** Of one that was stored all the same. */
  readonly delivery?: string;
}

/** One log line per source and this long; the next line says how many it stands for. */
const QUIET_MS = 10_000;

/** Logs refused requests, but never as many lines as there are requests. */
export function createRefusalLog({
  logger,
  now,
}: {
  readonly logger: Logger;
  readonly now: () => Date;
}): (refusal: Refusal) => void {
  const quiet = new Map<string, { until: number; unsaid: number }>();
  return (refusal) => {
    const at = now().getTime();
    const entry = quiet.get(refusal.source) ?? { until: 0, unsaid: 0 };
    if (at < entry.until) {
      quiet.set(refusal.source, { ...entry, unsaid: entry.unsaid + 1 });
      return;
    }
    quiet.set(refusal.source, { until: at + QUIET_MS, unsaid: 0 });
    logger.warn({ ...refusal, unsaid: entry.unsaid }, "Refused a request");
  };
}
