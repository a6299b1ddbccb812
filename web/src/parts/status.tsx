import type { JSX } from "preact";
import type { TaskWire } from "../../../src/client/schemas.ts";

export type Tone = "good" | "bad" | "warn" | "busy" | "calm";

export interface Status {
  readonly label: string;
  readonly tone: Tone;
}

const OUTCOMES = {
  succeeded: { label: "Succeeded", tone: "good" },
  failed: { label: "Failed", tone: "bad" },
  timed_out: { label: "Timed out", tone: "bad" },
  cancelled: { label: "Cancelled", tone: "calm" },
  superseded: { label: "Superseded", tone: "calm" },
  rejected: { label: "Rejected", tone: "warn" },
  lost: { label: "Lost", tone: "bad" },
} as const satisfies Record<NonNullable<TaskWire["outcome"]>, Status>;

export const OUTCOME_LABELS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(OUTCOMES).map(([outcome, { label }]) => [outcome, label]),
);

type Phase = Pick<TaskWire, "state" | "outcome"> & { readonly hold?: TaskWire["hold"] | undefined };

export function statusOf({ state, outcome, hold }: Phase): Status {
  if (state === "ENQUEUED" && hold?.type === "approval") return { label: "Needs approval", tone: "warn" };
  if (state === "ENQUEUED") return { label: hold ? "Held" : "Waiting", tone: "calm" };
  if (state === "RUNNING") return { label: "Running", tone: "busy" };
  if (state === "CANCELLING") return { label: "Undoing", tone: "warn" };
  if (state === "FAILED_CANCELLING") return { label: "Undo failed", tone: "bad" };
  return OUTCOMES[outcome ?? "cancelled"];
}

const SIGNS: Readonly<Record<Tone, string>> = { good: "✓", bad: "✕", warn: "!", busy: "▶", calm: "○" };

/** Not by colour alone. */
export const Badge = ({ label, tone }: Status): JSX.Element => (
  <span class={`badge ${tone}`}>
    <span aria-hidden="true">{SIGNS[tone]}</span> {label}
  </span>
);

export const TaskBadge = (phase: Phase): JSX.Element => <Badge {...statusOf(phase)} />;

export const isOpen = ({ state }: Pick<TaskWire, "state">): boolean =>
  state === "ENQUEUED" || state === "RUNNING" || state === "CANCELLING";
