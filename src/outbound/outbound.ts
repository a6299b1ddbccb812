import type { Attempt } from "./attempt.ts";
import type { Links } from "./links.ts";

/** Tells endpoints what has happened: makes messages of notices, and sends them until they are delivered or given up. */
export interface Outbound {
  /** Something may be there to send. */
  wake(): void;
  /** Begins to send. */
  start(): void;
  /** Sends a test message at once, past the queue, and says what came of it. Rejects `endpoint:not_found`. */
  test(name: string): Promise<Attempt>;
  /** URLs of this server, as what is sent has them. */
  links(): Links;
  /** Sends what is due for at most `timeoutMs`, then ends; what is left is for the next server. */
  stop(timeoutMs: number): Promise<void>;
}
