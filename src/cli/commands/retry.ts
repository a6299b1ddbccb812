import type { Command } from "commander";
import { z } from "zod";
import { addBody, type Context, flag, withClient } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { findTask } from "../find.ts";
import { followTask } from "../follow.ts";
import { TASK_REF } from "../inputs.ts";
import { startedLine, warnOf } from "../started.ts";

const input = z.object({ task: z.string(), follow: flag });

function run(context: Context, { task: ref, follow }: z.infer<typeof input>): Promise<number> {
  const { output } = context;
  return withClient(context, { work: true }, async (connection) => {
    const { client, offline } = connection;
    const task = await client.retryTask(await findTask(client, ref));
    const { id } = task;
    warnOf(output, task);
    if (follow || offline) return followTask({ connection, output, id });
    if (output.json) output.data(task);
    else output.line(startedLine(task));
    return EXIT.ok;
  });
}

export function addRetry(program: Command): void {
  const command = program
    .command("retry")
    .description("start a new task like one that has ended; without a running server it runs here")
    .argument("<task>", TASK_REF)
    .option("-f, --follow", "show it live to its end; exits 1 when it does not succeed");
  addBody(command, { examples: ["hookwright retry last --follow"], input, run });
}
