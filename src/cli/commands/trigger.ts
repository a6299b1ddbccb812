import type { Command } from "commander";
import { z } from "zod";
import { addBody, type Context, flag, withClient } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { followTask } from "../follow.ts";
import { collect, paramsSchema } from "../inputs.ts";
import type { Output } from "../output.ts";
import { startedLine, warnOf } from "../started.ts";
import { colors } from "../terminal.ts";

const input = z.object({
  action: z.string(),
  param: paramsSchema,
  correlation: paramsSchema,
  dryRun: flag,
  follow: flag,
});

function run(context: Context, given: z.infer<typeof input>): Promise<number> {
  const { output } = context;
  const { action, param: params, correlation, dryRun, follow } = given;
  return withClient(context, { work: !dryRun }, async (connection) => {
    const { client, offline } = connection;
    if (dryRun) {
      showPlan(output, await client.planTask({ action, params }));
      return EXIT.ok;
    }
    const task = await client.startTask({ action, params, correlation });
    const { id } = task;
    warnOf(output, task);
    if (follow || offline) return followTask({ connection, output, id });
    if (output.json) output.data(task);
    else output.line(startedLine(task));
    return EXIT.ok;
  });
}

interface Plan {
  readonly action: string;
  readonly params: Readonly<Record<string, string>>;
  readonly steps: readonly { readonly name: string; readonly kind: string; readonly title: string }[];
}

function showPlan(output: Output, plan: Plan): void {
  if (output.json) return output.data(plan);
  const params = Object.entries(plan.params).map(([name, value]) => ` ${name}=${value}`);
  output.line(`${plan.action} would run${params.length === 0 ? "" : " with"}${params.join("")}:`);
  plan.steps.forEach(({ name, title }, index) => {
    output.line(`  ${index + 1}. ${colors.bold(name)}: ${title}`);
  });
  return undefined;
}

export function addTrigger(program: Command): void {
  const command = program
    .command("trigger")
    .description("start an action; without a running server it runs here, to its end")
    .argument("<action>", "name of the action")
    .option("-p, --param <name=value>", "a param; may be given several times", collect)
    .option("--correlation <name=value>", "comes back in what endpoints are told; several times", collect)
    .option("--dry-run", "check and show the steps, start nothing")
    .option("-f, --follow", "show it live to its end; exits 1 when it does not succeed");
  addBody(command, {
    examples: [
      'hookwright trigger deploy --param sha="$(git rev-parse HEAD)" --follow',
      'hookwright trigger deploy --param sha="$(git rev-parse HEAD)" --dry-run',
    ],
    input,
    run,
  });
}
