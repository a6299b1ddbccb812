import { newId } from "../../src/lib/ids.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { createPoster, type Poster } from "../../src/lib/outbound-post.ts";
import type { Message } from "../../src/domain/message.ts";
import type { Endpoint } from "../../src/outbound/endpoint.ts";
import type { Outbound } from "../../src/outbound/outbound.ts";
import { createSender } from "../../src/outbound/sender.ts";
import { createTellingStore } from "../../src/outbound/telling-store.ts";
import type { Store } from "../../src/storage/store.ts";
import { aTask, openTestStore } from "../support/store.ts";
import { until } from "../support/until.ts";

export const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/** Senders on a real store, with a clock that stands still until a test moves it. */
export interface MailRoom {
  readonly store: Store;
  readonly senders: readonly Outbound[];
  /** Tasks that end, one after the other; resolves with their ids. */
  tell(count: number, action?: string, succeed?: boolean): Promise<string[]>;
  /** Moves the clock on. */
  pass(ms: number): void;
  now(): Date;
  /** Waits until a message of the endpoint fits. */
  message(test: (message: Message) => boolean): Promise<Message>;
  messages(): Promise<readonly Message[]>;
  /** Waits until nothing waits to be sent that is due. */
  close(): Promise<void>;
}

export interface MailRoomOptions {
  readonly endpoints: readonly Endpoint[];
  /** How many servers send. Default 1. */
  readonly senders?: number;
  readonly poster?: Poster;
  readonly start?: boolean;
}

export async function openMailRoom({
  endpoints,
  senders: count = 1,
  start = true,
  ...rest
}: MailRoomOptions): Promise<MailRoom> {
  const opened = await openTestStore();
  const poster = rest.poster ?? createPoster(["127.0.0.0/8"]);
  let time = Date.parse("2026-11-25T00:00:00.000Z");
  const now = (): Date => new Date(time);
  const named = Object.fromEntries(endpoints.map((endpoint) => [endpoint.name, endpoint]));
  const senders = Array.from({ length: count }, (_, index) =>
    createSender({
      store: opened.server(index),
      endpoints: () => named,
      actionOf: () => ({ notify: null }),
      publicUrl: () => "https://hooks.example.com",
      poster: () => poster,
      node: newId(),
      shared: opened.other !== opened.store,
      logger: createLogger({ level: "silent" }),
      now,
      random: () => 0.5,
      pollMs: 10,
    }),
  );
  const store = createTellingStore(opened.store, {
    wake: () => senders.forEach((sender) => sender.wake()),
  });
  if (start) senders.forEach((sender) => sender.start());

  async function endTask(action: string, succeed: boolean): Promise<string> {
    const notify = ["task.completed", "task.failed"] as const;
    const task = aTask({ action, policy: "parallel", notify });
    await store.createTask(task);
    await store.claimTasks({ node: "n", labels: [], limit: 1, now: now().toISOString() });
    const end = (signal: Parameters<Store["transition"]>[0]["signal"]) =>
      store.transition({ id: task.id, signal, reason: null, now: now().toISOString() });
    if (succeed) await end({ type: "complete" });
    else {
      await end({ type: "stop", outcome: "failed" });
      await end({ type: "undone" });
    }
    return task.id;
  }

  const messages = async (): Promise<readonly Message[]> => (await store.listMessages({ limit: 500 })).items;
  return {
    store,
    senders,
    now,
    messages,
    async tell(amount, action = "deploy", succeed = true) {
      const ids: string[] = [];
      for (let index = 0; index < amount; index += 1) ids.push(await endTask(action, succeed));
      return ids;
    },
    pass(ms) {
      time += ms;
    },
    message: (test) => until(async () => (await messages()).find(test), { what: "a message that fits" }),
    async close() {
      for (const sender of senders) await sender.stop(0);
      await opened.close();
    },
  };
}
