import type { Action } from "../domain/action.ts";
import type { DeployApp } from "../domain/deploy.ts";
import type { Settings } from "../settings/settings.ts";
import { DEPLOY_SOURCE } from "../sources/registry.ts";
import { globTest } from "../triggers/globs.ts";
import { releasesOf } from "./roll-back-app.ts";

/** What a user has to do with because apps of the deploy API name them. */
export interface Reach {
  readonly apps: readonly string[];
  /** Those that deploy these apps, and no other. */
  readonly actions: readonly string[];
}

/** See App.reachOf. */
export function reachOf({ deployApps, actions }: Settings, user: string): Reach {
  const apps = deployApps.filter(({ users }) => users.includes(user)).map(({ name }) => name);
  const theirs = Object.values(actions).filter((action) => {
    const deployed = appsOf(action, deployApps);
    return deployed.length > 0 && deployed.every((app) => apps.includes(app));
  });
  return { apps, actions: theirs.map(({ name }) => name) };
}

/** What an action releases, and whose repositories start it by the deploy API. */
function appsOf({ on, steps }: Action, deployApps: readonly DeployApp[]): readonly string[] {
  const started = on
    .filter(({ source }) => source === DEPLOY_SOURCE)
    .flatMap(({ repository }) => {
      const matches = globTest(repository);
      return deployApps.filter((app) => repository.length === 0 || matches(app.repository));
    });
  return [...steps.flatMap(releasesOf), ...started.map(({ name }) => name)];
}
