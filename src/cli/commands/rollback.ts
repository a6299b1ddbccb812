import type { Command } from "commander";
import { z } from "zod";
import type { StartedTaskWire } from "../../client/schemas.ts";
import { addBody, type Context, flag, withClient } from "../command.ts";
import type { Connection } from "../connect.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { followTask } from "../follow.ts";
import type { Output } from "../output.ts";
import { startedLine, warnOf } from "../started.ts";

const input = z.object({
  app: z.string(),
  release: z.string().optional(),
  cancel: flag,
  to: z
    .string()
    .regex(/^[0-9a-f]{4,64}$/, "expected 4 to 64 hexadecimal digits")
    .optional(),
  reason: z.string().optional(),
  source: z.string().optional(),
  dryRun: flag,
  override: flag,
  follow: flag,
});
type Input = z.infer<typeof input>;

function run(context: Context, given: Input): Promise<number> {
  return withClient(context, { work: !given.dryRun }, async (connection) => {
    if (!(await isOfRevisions(connection, given))) return rollBackRelease(context, connection, given);
    // Left aside it would lead elsewhere than was asked for.
    if (given.release !== undefined) {
      throw new CliError(
        EXIT.usage,
        `A release (${given.release}) is for apps that Hookwright releases; where an application of Argo CD goes is said by --to`,
      );
    }
    if (given.cancel) throw new CliError(EXIT.usage, "--cancel is for apps that Hookwright releases");
    return rollBackRevision(context, connection, given);
  });
}

/** Applications that `release` steps deploy here, or ones that Argo CD reports on. */
async function isOfRevisions({ client }: Connection, given: Input): Promise<boolean> {
  const { app, to, reason, source, dryRun, override } = given;
  if (to !== undefined || reason !== undefined || source !== undefined || dryRun || override) return true;
  if ((await client.listReleases(app)).items.length > 0) return false;
  return (await client.listRevisions({ app })).items.length > 0;
}

async function rollBackRelease({ output }: Context, connection: Connection, given: Input): Promise<number> {
  const { app, release = null, cancel, follow } = given;
  const { items } = await connection.client.rollBackApp(app, { release, cancel });
  return show(output, connection, { tasks: items, follow });
}

async function rollBackRevision({ output }: Context, connection: Connection, given: Input): Promise<number> {
  const { app, to = null, reason = null, source = null, dryRun, override, follow } = given;
  const request = { app, to, reason, source, override, dry_run: dryRun };
  const rollback = await connection.client.rollBackRevision(request);
  if (dryRun) {
    if (output.json) output.data(rollback);
    else
      output.line(
        `${app} would go from ${rollback.from} back to ${rollback.to}, by ${rollback.actions.join(", ")}`,
      );
    return EXIT.ok;
  }
  output.note(`${app} goes from ${rollback.from} back to ${rollback.to}`);
  return show(output, connection, { tasks: rollback.tasks, follow });
}

interface Shown {
  readonly tasks: readonly StartedTaskWire[];
  readonly follow: boolean;
}

async function show(output: Output, connection: Connection, { tasks, follow }: Shown): Promise<number> {
  let code: number = EXIT.ok;
  for (const task of tasks) {
    const { id } = task;
    if (follow || connection.offline) {
      warnOf(output, task);
      code = Math.max(code, await followTask({ connection, output, id }));
    } else if (output.json) output.data(task);
    else output.line(startedLine(task));
  }
  return code;
}

export function addRollback(program: Command): void {
  const command = program
    .command("rollback")
    .description(
      "put an older release of an app in use again, or roll an application of Argo CD back; without a running server it is done here",
    )
    .argument("<app>", "as `hookwright releases`, or `hookwright revisions`, shows it")
    .argument("[release]", "which release (default: the last that was healthy before the one in use)")
    .option("--cancel", "of releases: end the deployments that are in its way, instead of waiting for them")
    .option(
      "--to <revision>",
      "of Argo CD: which healthy revision (default: the last before the current one)",
    )
    .option("--reason <text>", "of Argo CD: why, for the task's log")
    .option("--source <name>", "of Argo CD: the source, where several know the app")
    .option("--override", "of Argo CD: whatever was done before, and to any revision")
    .option("--dry-run", "of Argo CD: only say where it would go")
    .option("-f, --follow", "show it live to its end; exits 1 when it does not succeed");
  addBody(command, {
    examples: [
      "hookwright rollback web --cancel --follow",
      "hookwright rollback shop --to 1a2b3c4 --dry-run",
    ],
    input,
    run,
  });
}
