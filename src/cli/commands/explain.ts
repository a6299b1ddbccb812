import type { Command } from "commander";
import { z } from "zod";
import { addBody, type Context, withClient } from "../command.ts";
import { findDelivery } from "../find.ts";
import { DELIVERY_REF } from "../inputs.ts";
import { formatTime } from "../output.ts";
import { printReasons } from "../reasons.ts";
import { stateOf } from "../task-lines.ts";
import { colors } from "../terminal.ts";

const input = z.object({ delivery: z.string() });

function run(context: Context, { delivery: ref }: z.infer<typeof input>): Promise<void> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const explanation = await client.explainDelivery(await findDelivery(client, ref));
    if (output.json) return output.data(explanation);
    const { delivery, event, reasons, tasks } = explanation;
    output.line(`${delivery.event} of ${delivery.source}, received ${formatTime(delivery.received_at)}`);
    if (event === null) output.prose(colors.red(`  rejected: ${delivery.reason ?? "unknown"}`), 2);
    else output.prose(`  ${describeEvent(event)}`, 2);
    for (const task of tasks) output.line(`  started ${task.action}: ${task.id} ${stateOf(task)}`);
    if (reasons.length > 0) output.line("By the settings as they are now:");
    return printReasons(output, reasons);
  });
}

interface EventFacts {
  readonly name: string;
  readonly repository: string | null;
  readonly ref: string | null;
  readonly commit: { readonly sha: string; readonly message: string | null } | null;
}

function describeEvent({ name, repository, ref, commit }: EventFacts): string {
  const [subject = ""] = (commit?.message ?? "").split("\n");
  const what = commit === null ? null : `${commit.sha.slice(0, 12)} ${subject}`.trim();
  return [name, repository, ref, what].filter((part) => part !== null).join(" · ");
}

export function addExplain(program: Command): void {
  const command = program
    .command("explain")
    .description("say, rule by rule, why a delivery did or did not start each action")
    .argument("<delivery>", DELIVERY_REF);
  addBody(command, { examples: ["hookwright explain last"], input, run });
}
