import { CliError, EXIT } from "../exit-codes.ts";
import { shortId } from "../find.ts";
import { followTask } from "../follow.ts";
import { action, type Command, examples, withClient, type Context } from "../program.ts";

interface TriggerOptions {
  readonly param: readonly string[];
  readonly dryRun?: boolean;
  readonly follow?: boolean;
}

/** `k=v` pairs as a map. */
export function parseParams(pairs: readonly string[]): Record<string, string> {
  const entries = pairs.map((pair): [string, string] => {
    const equals = pair.indexOf("=");
    if (equals < 1) throw new CliError(EXIT.usage, `--param ${pair}: expected NAME=VALUE`);
    return [pair.slice(0, equals), pair.slice(equals + 1)];
  });
  return Object.fromEntries(entries);
}

async function trigger(context: Context, name: string, options: TriggerOptions): Promise<number> {
  const { output } = context;
  const params = parseParams(options.param);
  const dryRun = options.dryRun === true;
  return withClient(context, { work: !dryRun }, async ({ client, offline }) => {
    if (dryRun) {
      const plan = await client.planTask({ action: name, params });
      if (output.json) output.data(plan);
      else plan.steps.forEach((step, index) => output.line(`${index + 1}. ${step.kind}: ${step.title}`));
      return EXIT.ok;
    }
    const { id } = await client.startTask({ action: name, params });
    if (options.follow === true || offline) {
      const onInterrupt = offline ? "Stopping: no server runs that could go on with it" : undefined;
      return followTask({ client, output, id, ...(onInterrupt !== undefined && { onInterrupt }) });
    }
    if (output.json) output.data({ id, action: name });
    else output.line(`${id} started; follow it with: hookwright follow ${shortId(id)}`);
    return EXIT.ok;
  });
}

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

export function addTriggerCommand(program: Command): void {
  program
    .command("trigger")
    .description("start an action; without a running server it runs here, to its end")
    .argument("<action>", "name of the action")
    .option("-p, --param <name=value>", "a param; may be given several times", collect, [])
    .option("--dry-run", "check and show the steps, start nothing")
    .option("--follow", "show it live to its end; exits 1 when it does not succeed")
    .addHelpText(
      "after",
      examples(
        "hookwright trigger deploy --param sha=1a2b3c… --follow",
        "hookwright trigger deploy --dry-run",
      ),
    )
    .action(action(trigger));
}
