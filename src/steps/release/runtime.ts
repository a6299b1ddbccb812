import { join } from "node:path";
import { currentIn, dropCurrent, switchCurrent } from "../../lib/releases/folders.ts";
import { awaitHealth } from "../common/health.ts";
import { commandFailure, type CommandOptions, type StepContext } from "../step.ts";
import { failure } from "./failure.ts";
import type { ReleaseOptions } from "./options.ts";

/** What runs an app: it puts a release in use, and takes that back. */
export interface Runtime {
  /** Puts `current` on the release and has the app run from it. Resolves once it is well; when it rejects, call `putBack`. */
  use(id: string, context: StepContext): Promise<void>;
  /** After a `use` that failed: everything as before. `previous` null: there was no release. */
  putBack(previous: string | null, context: StepContext): Promise<void>;
  /** Whether, beside `current`, something has been changed for one of these releases. */
  isTouched(ids: readonly string[]): Promise<boolean>;
}

export interface RuntimeInput {
  readonly options: ReleaseOptions;
  /** The app's folder. */
  readonly dir: string;
}

/** For apps that something else keeps running, and that a command starts anew. */
export function createCommandRuntime({ options, dir }: RuntimeInput): Runtime {
  const command = restartCommand(options);

  async function restart(id: string, context: StepContext): Promise<void> {
    const cwd = currentIn(dir);
    const env = { HOOKWRIGHT_RELEASE: id };
    for (const each of command) {
      const result = await context.command({ ...each, cwd, env });
      if (result.exitCode !== 0) throw commandFailure(each.argv, result);
    }
  }

  return {
    // Whatever runs the app goes by `current` alone.
    isTouched: async () => false,
    async use(id, context) {
      await switchCurrent(dir, id);
      context.log(`${currentIn(dir)} leads to ${id}`);
      await restart(id, context);
      if (options.health !== undefined) await awaitHealth(options.health, context);
    },
    async putBack(previous, context) {
      if (previous === null) return dropCurrent(dir);
      await switchCurrent(dir, previous);
      context.log(`${currentIn(dir)} leads to ${previous} again`);
      await restart(previous, context);
      if (options.health !== undefined) await awaitHealth(options.health, context);
      return undefined;
    },
  };
}

type Argv = CommandOptions["argv"];

/** Commands that start the app from `current`, one after another. */
function restartCommand(options: ReleaseOptions): readonly { readonly argv: Argv }[] {
  switch (options.runtime) {
    case "process":
      return [];
    case "command":
      return [{ argv: needed(options.restart, "restart") }];
    case "systemd": {
      const unit = needed(options.unit, "unit");
      const manager = options.user_unit === true ? ["--user"] : [];
      return [
        { argv: ["systemctl", ...manager, "restart", unit] },
        // A unit of Type=simple counts as started before its program has had the time to fail.
        { argv: ["systemctl", ...manager, "is-active", unit] },
      ];
    }
    case "docker-compose": {
      const file = options.compose_file === undefined ? [] : ["--file", join(".", options.compose_file)];
      // One project for all releases, so that the new containers take the place of the old ones.
      const project = ["--project-name", options.app.toLowerCase().replaceAll(".", "-")];
      const up = ["up", "--detach", "--build", "--remove-orphans", "--wait"];
      return [{ argv: ["docker", "compose", ...project, ...file, ...up] }];
    }
  }
}

function needed<T>(value: T | undefined, key: string): T {
  if (value === undefined) throw failure(`The release needs ${key}`);
  return value;
}
