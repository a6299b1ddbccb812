import { statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { type Action, sandboxOf, type StepDefinition, userOf } from "../domain/action.ts";
import type { Account } from "../lib/confine/account.ts";
import { handsCapabilitiesOn } from "../lib/confine/capabilities.ts";
import type { Settings } from "../settings/settings.ts";

/** As whom, and within which fences, a step's commands run. */
export interface Confinement {
  /** Null: the server's own. */
  readonly account: Account | null;
  readonly sandboxed: boolean;
  /** True where what lies in the step's folder is not the doing of the server's account, or may not be believed. */
  readonly confined: boolean;
  /** Puts before an argv what is needed for it. */
  argv(argv: Argv, cwd: string): Argv;
  /** The same for what goes on after the task: without a sandbox. */
  appArgv(argv: Argv): Argv;
  /** Makes a folder where there is none, for those who work in it. Rejects `user:folder`. */
  makeFolder(dir: string, writes: boolean): Promise<void>;
}

export type Argv = readonly [string, ...string[]];

export interface ConfineInput {
  readonly action: Action;
  readonly settings: Settings;
  /** The action's folder. */
  readonly base: string;
  readonly definition: StepDefinition;
}

const NONE: Confinement = {
  account: null,
  sandboxed: false,
  confined: false,
  argv: (argv) => argv,
  appArgv: (argv) => argv,
  async makeFolder(dir) {
    // Nearly always there; to ask another thread for it would cost more than to look.
    const isThere = statSync(dir, { throwIfNoEntry: false })?.isDirectory() === true;
    if (!isThere) await mkdir(dir, { recursive: true });
  },
};

/** Rejects `user:unknown`, `user:not_allowed`, `user:folder`, `sandbox:unavailable`. */
export async function confine({ definition, ...input }: ConfineInput): Promise<Confinement> {
  const { action } = input;
  const user = userOf(action, definition);
  const sandbox = sandboxOf(action, definition);
  const isPlain = user === null && sandbox === null;
  if (isPlain && !handsCapabilitiesOn()) return NONE;
  // Loaded only where the settings ask for it.
  const { fence } = await import("./fence.ts");
  return fence(input, { user, sandbox });
}
