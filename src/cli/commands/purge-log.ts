import type { Command } from "commander";
import { z } from "zod";
import { addBody, type Context, withClient } from "../command.ts";
import { findTask } from "../find.ts";
import { TASK_REF } from "../inputs.ts";

const input = z.object({ task: z.string() });

function run(context: Context, { task: ref }: z.infer<typeof input>): Promise<void> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const id = await findTask(client, ref);
    const { removed } = await client.purgeLog(id);
    if (output.json) return output.data({ id, removed });
    if (removed === 0) return output.note("There was nothing to remove.");
    return output.prose(
      "What the task has printed is removed; its log says so. Change a secret that was in it.",
    );
  });
}

export function addPurgeLog(program: Command): void {
  const command = program
    .command("purge-log")
    .description("remove what an ended task has printed, such as a secret; its log says when, and by whom")
    .argument("<task>", TASK_REF);
  addBody(command, { examples: ["hookwright purge-log last"], input, run });
}
