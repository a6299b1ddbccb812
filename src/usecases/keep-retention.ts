import { SERVER } from "../domain/audit.ts";
import { isNothing, NOTHING, prune, PRUNED, recordPruned } from "./prune.ts";
import type { Services } from "./services.ts";

const FIRST_MS = 60_000;
const EVERY_MS = 60 * 60 * 1_000;

/** Prunes now and then, as `retention` says, until the function that it returns is called. */
export function keepRetention(
  services: Services,
  { firstMs = FIRST_MS, everyMs = EVERY_MS } = {},
): () => void {
  let ended = false;
  let timer = setTimeout(() => void pass(), firstMs);

  async function pass(): Promise<void> {
    try {
      await pruneAll(services, () => ended);
    } catch (error) {
      // A server that ends meanwhile has closed its store.
      if (!ended) services.logger.warn({ err: error }, "Pruning failed; it is tried again");
    }
    if (!ended) timer = setTimeout(() => void pass(), everyMs);
  }

  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

async function pruneAll(services: Services, isEnded: () => boolean): Promise<void> {
  const total = { ...NOTHING };
  let from: string | null = null;
  do {
    const { next, ...removed } = await prune(services, { dryRun: false, from });
    for (const key of PRUNED) total[key] += removed[key];
    from = next;
  } while (from !== null && !isEnded());
  if (isNothing(total)) return;
  services.logger.info(total, "Removed what is kept no longer");
  await recordPruned(services, SERVER, total);
}
