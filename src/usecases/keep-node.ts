import { setTimeout as delay } from "node:timers/promises";
import type { Queue } from "../queue/queue.ts";
import type { HeldTask, NodeRole } from "../storage/store.ts";
import type { Services } from "./services.ts";

/** Who a node is, to the others. */
export interface NodeIdentity {
  /** The machine's; the same after a restart. */
  readonly name: string;
  readonly labels: readonly string[];
  readonly roles: readonly NodeRole[];
  readonly version: string;
}

export interface NodeKeeperOptions {
  readonly services: Services;
  readonly queue: Pick<Queue, "shared" | "holdings">;
  readonly identity: NodeIdentity;
  /** How long the others wait for a sign of life before they take this node's tasks over. */
  readonly leaseMs: number;
}

/** Keeps a node on record: renews its lease, learns what has become of its tasks, and looks after those of lost nodes. */
export interface NodeKeeper {
  /** Resolves when the node is on record. Rejects `store:unavailable`. */
  start(): Promise<void>;
  /** Whether this node has been out of touch with the store since then (of `performance.now()`). */
  wasOutOfTouch(since: number): boolean;
  /** Another node says that something about a task has changed. */
  onNews(taskId: string): void;
  /** Takes the node off the record. */
  stop(): Promise<void>;
}

/** A run that has just ended is no longer the node's, but still there for a moment. */
const CONFIRM_MS = 250;

export function createNodeKeeper({ services, queue, identity, leaseMs }: NodeKeeperOptions): NodeKeeper {
  const { store, running, logger, node } = services;
  const everyMs = leaseMs / 3;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let lastBeat = performance.now();
  /** When this node was last out of touch with the store: then it knows nothing of the others. */
  let outOfTouch = performance.now();

  async function beat(): Promise<void> {
    if (performance.now() - lastBeat > leaseMs) outOfTouch = performance.now();
    // Before the question, so that what is claimed meanwhile is not missed in the answer.
    const before = running.ids();
    const { pools } = queue.holdings;
    const held = await store.heartbeat({ ...identity, id: node, pools, leaseMs });
    lastBeat = performance.now();
    compare(before, held);
    const works = identity.roles.includes("work");
    if (works && queue.shared && lastBeat - outOfTouch > leaseMs) {
      await store.handOn({ leaseMs, ...queue.holdings });
    }
  }

  function compare(before: readonly string[], held: readonly HeldTask[]): void {
    const states = new Map(held.map((task) => [task.id, task]));
    for (const id of before) {
      const task = states.get(id);
      if (task === undefined) void confirmLost(id);
      else if (task.state === "CANCELLING") running.stop(id, task.reason ?? "Stopped");
    }
  }

  async function confirmLost(id: string): Promise<void> {
    const signal = running.lost(id);
    await delay(CONFIRM_MS);
    // The same run, not a later one of the same task.
    if (running.ids().includes(id) && running.lost(id) === signal) running.lose(id);
  }

  async function beatForever(): Promise<void> {
    try {
      await beat();
    } catch (error) {
      outOfTouch = performance.now();
      logger.warn({ err: error }, "This node could not renew its lease");
    }
    // Sooner than usual after a failure: the lease may be about to end.
    const wait = outOfTouch > lastBeat ? Math.min(everyMs, 1_000) : everyMs;
    if (!stopped) timer = setTimeout(() => void beatForever(), wait);
  }

  async function lookAt(id: string): Promise<void> {
    const task = await store.getTask(id);
    if (task?.state === "CANCELLING") running.stop(id, task.reason ?? "Stopped");
  }

  return {
    async start() {
      await beat();
      timer = setTimeout(() => void beatForever(), everyMs);
    },
    wasOutOfTouch: (since) => outOfTouch >= since || performance.now() - lastBeat > leaseMs,
    onNews(taskId) {
      if (!running.ids().includes(taskId)) return;
      lookAt(taskId).catch((error: unknown) => {
        logger.warn(
          { err: error, task: taskId },
          "News of a task could not be looked at; the next heartbeat does",
        );
      });
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await store.leaveNode(node).catch((error: unknown) => {
        logger.warn({ err: error }, "This node could not take itself off the record; its lease will end");
      });
    },
  };
}
