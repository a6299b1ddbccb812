import type { Delivery } from "../../../src/domain/delivery.ts";
import type { LogEntry, Task } from "../../../src/domain/task.ts";
import { openStore } from "../../../src/storage/open.ts";
import type { Page, Store } from "../../../src/storage/store.ts";
import { sha256 } from "./sender.ts";

/** All that a store holds, read after its server has ended. */
export interface Records {
  readonly deliveries: readonly StoredBody[];
  readonly tasks: readonly Task[];
  /** Numbers of the log entries, task by task. */
  readonly log: readonly LogEntry[];
}

export interface StoredBody extends Delivery {
  readonly bodySha256: string | null;
}

export async function readRecords(path: string): Promise<Records> {
  const store = await openStore({ kind: "sqlite", path });
  try {
    const deliveries = await all((cursor) => store.listDeliveries({ cursor, limit: 500 }));
    const tasks = await all((cursor) => store.listTasks({ cursor, limit: 500 }));
    const logs = tasks.map(({ id }) => store.listLog({ taskId: id, after: 0, limit: 10_000 }));
    return {
      deliveries: await Promise.all(deliveries.map((delivery) => withBody(store, delivery))),
      tasks,
      log: (await Promise.all(logs)).flat(),
    };
  } finally {
    await store.close();
  }
}

async function withBody(store: Store, delivery: Delivery): Promise<StoredBody> {
  const body = await store.getDeliveryBody(delivery.id);
  return { ...delivery, bodySha256: body === null ? null : sha256(body) };
}

async function all<T>(page: (cursor: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const { items: some, next } = await page(cursor);
    items.push(...some);
    cursor = next ?? undefined;
  } while (cursor !== undefined);
  return items;
}
