import type { Settings } from "../../settings/settings.ts";

/** `unknown`: it could not be looked at; `fix` says what for. */
export type Level = "ok" | "unknown" | "warning" | "problem";

/** One thing that was looked at. */
export interface Finding {
  readonly level: Level;
  /** A sentence: what was seen. */
  readonly seen: string;
  /** What to do; null where nothing has to be done. */
  readonly fix: string | null;
}

/** What checks look at, and by what. */
export interface Patient {
  readonly settings: Settings;
  readonly env: NodeJS.ProcessEnv;
  readonly now: () => Date;
  /** Ends everything that a check does elsewhere. */
  readonly signal: AbortSignal;
}

/** Looks at one side of an installation. May reject: that is a finding too. */
export type Check = (patient: Patient) => Promise<readonly Finding[]>;

export const ok = (seen: string): Finding => ({ level: "ok", seen, fix: null });
export const unknown = (seen: string, fix: string | null = null): Finding => ({
  level: "unknown",
  seen,
  fix,
});
export const warning = (seen: string, fix: string): Finding => ({ level: "warning", seen, fix });
export const problem = (seen: string, fix: string): Finding => ({ level: "problem", seen, fix });
