import type pg from "pg";
import { within } from "../../lib/within.ts";
import { createChannel, type Channel } from "./channel.ts";
import { createPool } from "./pool.ts";

/** What servers that share a database need beside its tables: news of each other, and connections for the queue engine. */
export interface SharedStore {
  readonly pool: pg.Pool;
  /** Tells the other servers that something about these tasks has changed. */
  send(taskIds: readonly string[]): void;
  /** Begins to listen to the others. */
  listen(hub: NewsHub, keeper: NewsReader): void;
  close(): Promise<void>;
}

export interface NewsHub {
  receive(taskId: string): void;
  receiveAll(): void;
}

export interface NewsReader {
  onNews(taskId: string): void;
}

export interface SharedStoreOptions {
  readonly url: string;
  readonly onError: (error: unknown) => void;
}

/** One listens for jobs; the others are used for moments. */
const ENGINE_CONNECTIONS = 4;
const CLOSE_MS = 2_000;

export function createSharedStore({ url, onError }: SharedStoreOptions): SharedStore {
  const pool = createPool({ url, max: ENGINE_CONNECTIONS, pipeline: false, onError });
  let channel: Channel | null = null;
  return {
    pool,
    send: (taskIds) => channel?.send(taskIds),
    listen(hub, keeper) {
      const onNews = (taskId: string): void => {
        hub.receive(taskId);
        keeper.onNews(taskId);
      };
      channel = createChannel({ url, onNews, onConnect: () => hub.receiveAll(), onError });
    },
    async close() {
      await channel?.close();
      await within(CLOSE_MS, pool.end());
    },
  };
}
