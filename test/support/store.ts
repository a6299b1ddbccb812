import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Delivery } from "../../src/domain/delivery.ts";
import { newId } from "../../src/lib/ids.ts";
import { openStore } from "../../src/storage/open.ts";
import type { NewDelivery, NewTask, Store } from "../../src/storage/store.ts";
import { storeIn } from "./test-store.ts";

/** An empty store, for tests of the store itself. */
export interface OpenStore {
  readonly store: Store;
  /** The same data seen by another server; where there can be only one, the store itself. */
  readonly other: Store;
  /** One of the two, in turn. */
  server(index: number): Store;
  /** Closes and opens it again. */
  reopen(): Promise<Store>;
  close(): Promise<void>;
}

export async function openTestStore(): Promise<OpenStore> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-store-"));
  const { location, remove } = await storeIn(dir, { kind: "sqlite", path: join(dir, "hookwright.db") });
  let store = await openStore(location);
  const other = location.kind === "postgres" ? await openStore(location) : store;
  return {
    get store() {
      return store;
    },
    other,
    server: (index) => (index % 2 === 0 ? store : other),
    async reopen() {
      await store.close();
      store = await openStore(location);
      return store;
    },
    async close() {
      await store.close();
      if (location.kind === "postgres") await other.close();
      await remove();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A time of one day, in seconds since its start. */
export const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

type Policy = NewTask["concurrency"]["policy"];

export interface TaskInput extends Partial<Omit<NewTask, "concurrency">> {
  readonly group?: string;
  readonly policy?: Policy;
}

export function aTask({ group = "g", policy = "queue", ...rest }: TaskInput = {}): NewTask {
  return {
    id: newId(),
    action: "deploy",
    params: {},
    concurrency: { policy, group },
    startedBy: { type: "manual", by: "test" },
    deliveryId: null,
    settingsDigest: "digest",
    createdAt: at(0),
    ...rest,
  };
}

export interface DeliveryInput extends Partial<Delivery> {
  readonly body?: Buffer;
  readonly fingerprint?: string | null;
  readonly fingerprintsSince?: string;
  readonly tasks?: readonly TaskInput[];
}

export function aDelivery(input: DeliveryInput = {}): NewDelivery {
  const {
    body = Buffer.from("{}"),
    fingerprint = null,
    fingerprintsSince = at(0),
    tasks = [],
    ...rest
  } = input;
  const id = rest.id ?? newId();
  return {
    delivery: {
      id,
      source: "app",
      kind: "github",
      senderId: null,
      event: "push",
      headers: {},
      contentType: "application/json",
      bodySize: body.length,
      verdict: "accepted",
      reason: null,
      replayOf: null,
      receivedAt: at(0),
      remoteAddress: null,
      ...rest,
    },
    body,
    fingerprint,
    fingerprintsSince,
    tasks: tasks.map((task) =>
      aTask({ startedBy: { type: "delivery", deliveryId: id, rule: 0 }, deliveryId: id, ...task }),
    ),
  };
}

export const idsOf = (claimed: Awaited<ReturnType<Store["claimTasks"]>>): string[] =>
  claimed.map(({ task }) => task.id);

/** Makes every waiting task that may run RUNNING. */
export const claim = (
  store: Store,
  { node = "n1", limit = 10, labels = [] }: { node?: string; limit?: number; labels?: string[] } = {},
) => store.claimTasks({ node, labels, limit, now: at(1) });

/** Ends a running task. */
export const complete = (store: Store, id: string) =>
  store.transition({ id, signal: { type: "complete" }, reason: null, now: at(9) });
