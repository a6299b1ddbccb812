import type { HealthEntry } from "../../domain/rollback.ts";

export interface NewHealthEntry extends Omit<HealthEntry, "vain"> {
  readonly source: string;
  /** Empty: the source stands for one application. */
  readonly app: string;
}

/** The memory of healthy revisions. See Store. */
export interface HealthStore {
  /** What is remembered of one application's health, newest first, as far back as a decision may need. */
  healthHistory(input: { readonly source: string; readonly app: string }): Promise<readonly HealthEntry[]>;
  /** The applications of which anything is remembered. */
  healthApps(): Promise<readonly { readonly source: string; readonly app: string }[]>;
  /** What a delivery left in the memory of health. */
  healthEntryOf(deliveryId: string): Promise<HealthEntry | null>;
}
