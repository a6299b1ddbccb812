import type { StepContext } from "../../step.ts";

/** Sends what comes in at a proxy to another port. */
export interface TrafficSwitch {
  /** For people. */
  readonly name: string;
  /** Resolves when the proxy has taken it; when it rejects, traffic goes where it went before. */
  to(port: number, context: StepContext): Promise<void>;
  /** How long the proxy may go on using the old port for new requests. */
  readonly settleMs: number;
}
