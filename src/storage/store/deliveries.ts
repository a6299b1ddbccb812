import type { AuditEvent } from "../../domain/audit.ts";
import type { Delivery } from "../../domain/delivery.ts";
import type { NewDeploy } from "../../domain/deploy.ts";
import type { NewHealthEntry } from "./health.ts";
import type { Page } from "./page.ts";
import type { NewTask, StartedTask } from "./tasks.ts";

export interface NewDelivery {
  readonly delivery: Delivery;
  readonly body: Buffer;
  /** See BoundSource.authenticate; null where the kind's fingerprints are not unique. */
  readonly fingerprint: string | null;
  /** Fingerprints older than this no longer count as the same delivery. */
  readonly fingerprintsSince: string;
  readonly tasks: readonly NewTask[];
  /** What the deploy API is to tell of it. */
  readonly deploy?: NewDeploy | null;
  /** To be remembered of an application's health with it. */
  readonly health?: NewHealthEntry | null;
  /** Endpoints are told of it, if it is rejected. Default false. */
  readonly notify?: boolean;
  /** To be recorded for each task that it starts; what is done, and to what, is the task's. */
  readonly audit?: AuditEvent | null;
}

/** A delivery in a store that others are filled from. */
export interface QueuedDelivery extends Pick<NewDelivery, "delivery" | "fingerprint"> {
  readonly seq: number;
}

export interface StoredDelivery {
  readonly deliveryId: string;
  /** True when it had come before; then the rest is what the first one led to. */
  readonly duplicate: boolean;
  readonly verdict: Delivery["verdict"];
  readonly reason: string | null;
  readonly tasks: readonly StartedTask[];
  /** Tasks that ran and are CANCELLING now because of this one: the caller ends their commands. */
  readonly superseded: readonly string[];
}

export interface DeliveryFilter {
  readonly source?: string | undefined;
  readonly verdict?: Delivery["verdict"] | undefined;
  readonly event?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** Webhooks, from their arrival. See Store. */
export interface DeliveryStore {
  /**
   * Stores a delivery, its tasks and its health entry, applying each task's concurrency policy; a repeated one changes
   * nothing, unless the first was rejected and this one is not. Rejects `store:conflict` when the health entry's position is taken: somebody else was faster, ask again.
   */
  storeDelivery(input: NewDelivery): Promise<StoredDelivery>;
  getDelivery(id: string): Promise<Delivery | null>;
  /** Null also where the body has been pruned, or is lost. */
  getDeliveryBody(id: string): Promise<Buffer | null>;
  listDeliveries(filter: DeliveryFilter): Promise<Page<Delivery>>;
  /** The first delivery after that `seq`, in the order in which they were stored. */
  nextDelivery(after: number): Promise<QueuedDelivery | null>;
  /** With its body; its tasks stay. */
  removeDelivery(id: string): Promise<void>;
  /** How much there is of deliveries. */
  deliveryTotals(): Promise<{ readonly count: number; readonly bytes: number }>;
  /** Tasks a delivery started. */
  tasksOfDelivery(deliveryId: string): Promise<readonly StartedTask[]>;
}
