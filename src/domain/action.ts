import type { Scope } from "./scopes.ts";

/** An action of the settings, parsed: names filled in, durations in milliseconds, defaults applied. */
export interface Action {
  readonly name: string;
  readonly description: string | null;
  readonly params: Readonly<Record<string, ParamSpec>>;
  readonly on: readonly TriggerRule[];
  /** As that of a rule, for all of them. */
  readonly skipIfCommitMessage: readonly string[];
  readonly concurrency: Concurrency;
  /** Null: its tasks start without anybody's word. */
  readonly approval: ApprovalRule | null;
  /** Its tasks wait until none has been added for so long; the last one wins. Null: they do not. */
  readonly debounceMs: number | null;
  /** Null: any node. */
  readonly runsOn: RunsOn | null;
  readonly timeoutMs: number;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  readonly onCrash: "lost" | "retry";
  /** Values may hold `${{ }}`. */
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string | null;
  /** Account that its commands run as; null: the server's. */
  readonly user: string | null;
  /** Null: its commands see and do what their account may. */
  readonly sandbox: Sandbox | null;
  readonly steps: readonly StepDefinition[];
  /** Bytes of output kept for one task. */
  readonly maxLogBytes: number;
  /** Names of the endpoints that are told of its tasks; null: all. */
  readonly notify: readonly string[] | null;
}

export interface ParamSpec {
  /** Regular expression that the whole value must match. */
  readonly pattern: string | null;
  readonly required: boolean;
  readonly default: string | null;
  readonly description: string | null;
  /** A value that starts with `-` could pass for an option; it is refused unless this is set. */
  readonly allowLeadingDash: boolean;
}

/** All tests given must hold; an empty list is no test. */
export interface TriggerRule {
  readonly source: string;
  readonly event: readonly string[];
  /** Globs; `*` stops at `/`, `**` does not. A leading `!` excludes. */
  readonly branch: readonly string[];
  readonly tag: readonly string[];
  readonly repository: readonly string[];
  readonly paths: readonly string[];
  /** RE2 patterns: a commit whose message one of them is found in starts nothing. */
  readonly skipIfCommitMessage: readonly string[];
  /** Whether pull requests that are drafts, and what comes from forks, start it too. */
  readonly drafts: boolean;
  readonly forks: boolean;
  /** CEL over `event`. */
  readonly when: string | null;
  /** Param name → CEL over `event`. */
  readonly with: Readonly<Record<string, string>>;
  /** Name → CEL over `event`; see Task.correlation. */
  readonly correlation: Readonly<Record<string, string>>;
}

/** The nodes that have one of the labels; a node's name is one of its labels. */
export interface RunsOn {
  readonly labels: readonly string[];
  /** Null: one of them is enough. */
  readonly each: EachNode | null;
}

/** On every one of the nodes, so many at a time. When one fails, no further ones begin, and those done are undone. */
export interface EachNode {
  readonly maxParallel: number;
}

export interface Concurrency {
  /**
   * `queue`: wait for the others. `supersede`: end the others, then run. `reject`: end at once when another waits or runs.
   * `parallel`: no group at all.
   */
  readonly policy: "queue" | "supersede" | "reject" | "parallel";
  readonly group: string;
}

/** Its tasks wait until somebody has approved them. */
export interface ApprovalRule {
  /** After that a task that nobody has approved is rejected. */
  readonly expiresMs: number;
  /** Whoever has one of them may approve, and refuse. */
  readonly scopes: readonly Scope[];
}

/** What a step's commands are fenced in by. Paths absolute. */
export interface Sandbox {
  readonly network: boolean;
  /** Beside the action's folder. */
  readonly write: readonly string[];
  readonly read: readonly string[];
}

/** The account that a step's commands run as; null: the server's. */
export const userOf = (action: Pick<Action, "user">, step: Pick<StepDefinition, "user">): string | null =>
  step.user ?? action.user;

/** Null: none. */
export const sandboxOf = (
  action: Pick<Action, "sandbox">,
  { sandbox }: Pick<StepDefinition, "sandbox">,
): Sandbox | null => (sandbox === false ? null : (sandbox ?? action.sandbox));

export interface StepDefinition {
  /** Given, or made from the kind. */
  readonly name: string;
  /** Key in the step registry. */
  readonly kind: string;
  /** As the settings have them, `${ENV}` replaced; the kind's schema reads them when the step runs. */
  readonly options: unknown;
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string | null;
  /** Null: the action's. */
  readonly user: string | null;
  /** False: none, whatever the action has; null: the action's. */
  readonly sandbox: Sandbox | false | null;
  readonly timeoutMs: number | null;
  readonly retries: number;
  readonly continueOnError: boolean;
  /** The task's progress once this step is done, 1 to 100; null: by the steps' past durations. */
  readonly progress: number | null;
  readonly undo: StepDefinition | null;
}
