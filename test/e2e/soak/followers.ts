import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "../../../src/client/client.ts";
import { messageOf } from "../../../src/lib/message-of.ts";
import type { Random } from "../../support/random.ts";

/** What one follower got of one task's log, to the end of the task. */
export interface Followed {
  readonly taskId: string;
  readonly seqs: readonly number[];
  readonly texts: readonly string[];
}

export interface Followers {
  readonly counts: Readonly<FollowerCounts>;
  /** A task that may be followed from now on; the newest few are. */
  offer(taskId: string): void;
  /** What was followed to its end since the last call. */
  take(): readonly Followed[];
  /** No new tasks are followed; resolves when those that are have ended. */
  stop(): Promise<void>;
}

export interface FollowerCounts {
  lines: number;
  reconnects: number;
  finished: number;
  /** Followers that gave up before the end of their task: none should. */
  readonly failed: string[];
}

export interface FollowersOptions {
  readonly client: Client;
  readonly count: number;
  readonly random: Random;
}

/** Of the tasks on offer, so many are: followers are then spread over some tasks, some of them waiting. */
const ON_OFFER = 6;
const RECONNECT_MS = 250;

/** So many follow logs all the time, as `hookwright logs --follow` does: over each restart of the server, by Last-Event-ID. */
export function startFollowers({ client, count, random }: FollowersOptions): Followers {
  const counts: FollowerCounts = { lines: 0, reconnects: 0, finished: 0, failed: [] };
  let offers: string[] = [];
  let followed: Followed[] = [];
  let stopped = false;

  async function follow(taskId: string): Promise<void> {
    const seqs: number[] = [];
    const texts: string[] = [];
    const onReconnect = (): void => void (counts.reconnects += 1);
    try {
      for await (const event of client.followTask(taskId, { reconnectMs: RECONNECT_MS, onReconnect })) {
        if (event.type !== "log") continue;
        counts.lines += 1;
        seqs.push(event.entry.seq);
        if (event.entry.stream === "stdout") texts.push(event.entry.text);
      }
      counts.finished += 1;
      followed.push({ taskId, seqs, texts });
    } catch (error) {
      counts.failed.push(`${taskId}: ${messageOf(error)}`);
    }
  }

  async function followOn(): Promise<void> {
    const done = new Set<string>();
    while (!stopped) {
      const fresh = offers.filter((id) => !done.has(id));
      const taskId = fresh[random.between(0, fresh.length)];
      if (taskId === undefined) {
        await delay(100);
        continue;
      }
      done.add(taskId);
      await follow(taskId);
    }
  }

  const all = Array.from({ length: count }, followOn);
  return {
    counts,
    offer(taskId) {
      offers = [...offers, taskId].slice(-ON_OFFER);
    },
    take() {
      const taken = followed;
      followed = [];
      return taken;
    },
    async stop() {
      stopped = true;
      await Promise.all(all);
    },
  };
}
