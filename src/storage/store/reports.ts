import type { ForgeDeployment } from "../../domain/report.ts";

/** What the store keeps of what forges are told, and of the tokens that users have paired with. */
export interface ReportStore {
  /** Of one forge, repository and environment, the oldest first. */
  forgeDeployments(place: string): Promise<readonly ForgeDeployment[]>;
  /** Adds one, or changes what is known of it. */
  putForgeDeployment(deployment: ForgeDeployment): Promise<void>;
  /** As it was encrypted; null: there is none. */
  getPairing(name: string): Promise<string | null>;
  putPairing(input: { readonly name: string; readonly sealed: string; readonly now: string }): Promise<void>;
  listPairings(): Promise<readonly { readonly name: string; readonly sealed: string }[]>;
  /** The same under another key; false when it has been changed meanwhile. */
  replacePairing(input: {
    readonly name: string;
    readonly was: string;
    readonly sealed: string;
  }): Promise<boolean>;
}
