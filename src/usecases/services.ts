import type { Pairings } from "../domain/pairing.ts";
import type { InstallationTokens } from "../lib/installation-tokens.ts";
import type { Logger } from "../lib/logger.ts";
import type { Outbound } from "../outbound/outbound.ts";
import type { Queue } from "../queue/queue.ts";
import type { Auditor } from "../storage/auditor.ts";
import type { Store } from "../storage/store.ts";
import type { Hub } from "./hub.ts";
import type { PublishedKeys } from "./published-keys.ts";
import type { Refusal } from "./refusal-log.ts";
import type { Refusals } from "./refusals.ts";
import type { RunningTasks } from "./running-tasks.ts";
import type { SettingsHolder } from "./settings-holder.ts";
import type { Spool } from "./spool.ts";
import type { StepWeights } from "./step-weights.ts";
import type { Traces } from "./traces.ts";

/** What the use cases work with; made once, in main. */
export interface Services {
  /** Name of this run of the process. */
  readonly node: string;
  readonly store: Store;
  /** Records who did what. */
  readonly auditor: Auditor;
  /** Takes over into the audit log what was done without a server. What fails is logged, and tried again at the next call. */
  readonly takeOverAudit: () => Promise<void>;
  readonly queue: Pick<Queue, "wake">;
  readonly settings: SettingsHolder;
  readonly hub: Hub;
  readonly running: RunningTasks;
  readonly refusals: Refusals;
  /** Rate-limited. */
  readonly refusalLog: (refusal: Refusal) => void;
  readonly weights: StepWeights;
  /** Null: deliveries are refused while the store is away. */
  readonly spool: Spool | null;
  readonly logger: Logger;
  /** Null: none are sent. */
  readonly traces: Traces | null;
  readonly now: () => Date;
  readonly publishedKeys: PublishedKeys;
  /** The guarded outbound client. */
  readonly fetch: typeof fetch;
  readonly outbound: Outbound;
  /** The same for large answers: see OutboundOptions.streamed. */
  readonly download: typeof fetch;
  /** Of the GitHub App in the settings, where they name one. */
  readonly installationTokens: InstallationTokens;
  /** Tokens of GitHub that users have given for what they deploy. */
  readonly pairings: Pairings;
}
