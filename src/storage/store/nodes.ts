import type { TaskState } from "../../domain/task.ts";

export const NODE_ROLES = ["receive", "work"] as const;

export type NodeRole = (typeof NODE_ROLES)[number];

export interface Heartbeat {
  readonly id: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly roles: readonly NodeRole[];
  /** What the queue engine calls the node. */
  readonly pools: readonly string[];
  readonly version: string;
  readonly leaseMs: number;
}

export interface HandOn {
  readonly leaseMs: number;
  /** What the queue engine has locked for the node that asks: what it does not know of is freed. */
  readonly pools: readonly string[];
  readonly jobs: readonly string[];
}

/** A RUNNING or CANCELLING task, to its owner. */
export interface HeldTask {
  readonly id: string;
  readonly state: TaskState;
  readonly reason: string | null;
}

export interface NodeInfo {
  readonly id: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly roles: readonly NodeRole[];
  readonly version: string;
  readonly startedAt: string;
  readonly seenAt: string;
  /** False when its lease is over. */
  readonly alive: boolean;
  /** Running and cancelling ones. */
  readonly tasks: number;
}

/** Who works on the same store. See Store. */
export interface NodeStore {
  /** Puts a node on record and renews its lease, by the database's clock. Resolves with the tasks it owns. */
  heartbeat(input: Heartbeat): Promise<readonly HeldTask[]>;
  /** Takes a node that ends off the record, so that nobody waits for its lease. */
  leaveNode(id: string): Promise<void>;
  /** Newest first, lost ones included. */
  listNodes(): Promise<readonly NodeInfo[]>;
  /**
   * Sees to it that tasks of lost nodes, and tasks that nobody would look at, are taken by somebody. To be called by a
   * node that has been in touch with the database for as long as a lease lasts: then every node that lives has renewed its.
   */
  handOn(input: HandOn): Promise<void>;
}
