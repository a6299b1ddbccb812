import type { ReportRules } from "../../domain/report.ts";
import type { Destination } from "../destination.ts";
import type { ReporterOptions } from "./deliver.ts";
import { reportDigest, reportEndpoint } from "./make-reports.ts";

/** What the sender needs to tell forges how tasks go. */
export interface Reporting {
  /** Null: the settings have none of that name any more. */
  rules(name: string): ReportRules | null;
  /** By their names, `report:NAME`. */
  destinations(): Readonly<Record<string, Destination>>;
}

export interface ReportingOptions extends ReporterOptions {
  /** Those in force; asked again and again. */
  readonly rules: () => Readonly<Record<string, ReportRules>>;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Denser than that of endpoints: people wait for a commit's status. About two days. */
const SCHEDULE: readonly number[] = [
  0,
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  8 * HOUR,
  12 * HOUR,
  24 * HOUR,
];
const TIMEOUT_MS = 30_000;

/** The forges' own APIs are loaded when there is something to tell. */
export function createReporting({ rules: inForce, ...options }: ReportingOptions): Reporting {
  const toDestination = (rules: ReportRules): Destination => ({
    name: reportEndpoint(rules),
    urlDigest: reportDigest(rules),
    ordered: false,
    keyed: true,
    concurrency: 4,
    timeoutMs: TIMEOUT_MS,
    schedule: SCHEDULE,
    jitter: 0.2,
    async deliver(message, context) {
      const { deliverReport } = await import("./deliver.ts");
      return deliverReport({ ...options, rules, timeoutMs: TIMEOUT_MS }, message, context);
    },
  });
  return {
    rules: (name) => (Object.hasOwn(inForce(), name) ? (inForce()[name] ?? null) : null),
    destinations: () =>
      Object.fromEntries(
        Object.values(inForce()).map((rules) => [reportEndpoint(rules), toDestination(rules)]),
      ),
  };
}
