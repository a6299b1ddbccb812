import type { DeployEntry } from "../../../domain/deploy.ts";
import type { Logger } from "../../../lib/logger.ts";
import type { App } from "../../../usecases/app.ts";
import { LIMITS } from "../../limits.ts";

/** Tells followers of new entries: one look at the store for all of them. */
export interface DeployFeed {
  /** Calls back with each batch of new entries, oldest first; `fail` when they can't be had any more. Returns what ends it. */
  follow(follower: Follower): () => void;
  /** How many there are. */
  readonly size: number;
  close(): void;
}

export interface Follower {
  readonly entries: (entries: readonly DeployEntry[]) => void;
  /** The server ends, or the store can't be asked. */
  readonly end: (reason: "closed" | "failed") => void;
}

export interface DeployFeedOptions {
  readonly app: Pick<App, "listDeployEntries">;
  readonly logger: Logger;
  readonly pollMs?: number;
}

export function createDeployFeed({
  app,
  logger,
  pollMs = LIMITS.deployPollMs,
}: DeployFeedOptions): DeployFeed {
  const followers = new Set<Follower>();
  let timer: NodeJS.Timeout | null = null;
  let looking = false;
  let seen: number | null = null;

  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    try {
      for (;;) {
        const page = await read();
        if (page.length > 0) for (const { entries } of followers) entries(page);
        if (page.length < LIMITS.logPage) break;
      }
    } catch (error) {
      logger.warn({ err: error }, "New deploys could not be looked for");
      for (const { end } of followers) end("failed");
    } finally {
      looking = false;
    }
  }

  async function read(): Promise<readonly DeployEntry[]> {
    if (seen === null) {
      const [newest] = await app.listDeployEntries({ order: "desc", limit: 1 });
      seen = newest?.seq ?? 0;
      return newest === undefined ? [] : [newest];
    }
    const page = await app.listDeployEntries({ after: seen, order: "asc", limit: LIMITS.logPage });
    seen = page.at(-1)?.seq ?? seen;
    return page;
  }

  return {
    follow(follower) {
      followers.add(follower);
      timer ??= setInterval(() => void look(), pollMs);
      return () => {
        followers.delete(follower);
        if (followers.size > 0 || timer === null) return;
        clearInterval(timer);
        timer = null;
        seen = null;
      };
    },
    get size() {
      return followers.size;
    },
    close() {
      for (const { end } of followers) end("closed");
    },
  };
}
