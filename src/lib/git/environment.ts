import { dirname } from "node:path";
import { isLocalRepository } from "./names.ts";

export interface GitEnvironment {
  readonly workTree: string;
  readonly repository: string;
  readonly submodules: boolean;
}

/** Name of the remote that exists in the environment only, so that a password in the URL is neither on disk nor in `ps`. */
export const REMOTE = "hookwright";

/**
 * Environment for git with what a repository must not decide taken out of its hands: no prompts, no hooks, no fsmonitor, no
 * local repositories unless the settings name one, no work left in the background, no search for a repository in the
 * folders above. The account's own configuration (credential helpers, proxies, ssh) stays in force.
 */
export function gitEnvironment({ workTree, repository, submodules }: GitEnvironment): Record<string, string> {
  const local = isLocalRepository(repository);
  const config: readonly (readonly [string, string])[] = [
    ["core.hooksPath", "/dev/null"],
    ["core.fsmonitor", "false"],
    ["init.templateDir", ""],
    ["protocol.ext.allow", "never"],
    // `user`: the URL of the settings, not one that a repository's .gitmodules names.
    ["protocol.file.allow", local ? (submodules ? "always" : "user") : "never"],
    ["submodule.recurse", "false"],
    ["gc.autoDetach", "false"],
    ["maintenance.autoDetach", "false"],
    ["advice.detachedHead", "false"],
    [`remote.${REMOTE}.url`, repository],
  ];
  const pairs = new Map<string, string>();
  for (const [index, [key, value]] of config.entries()) {
    pairs.set(`GIT_CONFIG_KEY_${index}`, key).set(`GIT_CONFIG_VALUE_${index}`, value);
  }
  return {
    GIT_TERMINAL_PROMPT: "0",
    GIT_CEILING_DIRECTORIES: dirname(workTree),
    GIT_CONFIG_COUNT: String(config.length),
    ...Object.fromEntries(pairs),
  };
}
