import type { Command } from "commander";
import { z } from "zod";
import { isEnded } from "../../domain/task-machine.ts";
import { addBody, type Context, flag, withClient } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { findTask } from "../find.ts";
import { followTask } from "../follow.ts";
import { TASK_REF } from "../inputs.ts";

const input = z.object({ task: z.string(), wait: flag });

function run(context: Context, { task: ref, wait }: z.infer<typeof input>): Promise<number> {
  const { output } = context;
  return withClient(context, { work: false }, async (connection) => {
    const { client, offline } = connection;
    const id = await findTask(client, ref);
    const task = await client.cancelTask(id);
    if (offline && !isEnded(task.state)) {
      output.note("No server runs; the next one to start ends and undoes it");
    } else if (wait) {
      const onInterrupt = "The cancelling goes on";
      const code = await followTask({ connection, output, id, onInterrupt });
      if (code === EXIT.interrupted) return code;
      return (await client.getTask(id)).state === "CANCELLED" ? EXIT.ok : EXIT.failed;
    }
    if (output.json) output.data(task);
    else output.line(`${id} is ${task.state}`);
    return EXIT.ok;
  });
}

export function addCancel(program: Command): void {
  const command = program
    .command("cancel")
    .description("cancel a waiting or running task: its processes are ended, its done steps undone")
    .argument("<task>", TASK_REF)
    .option("--wait", "follow it to its end; exits 1 when an undo fails");
  addBody(command, { examples: ["hookwright cancel last --wait"], input, run });
}
