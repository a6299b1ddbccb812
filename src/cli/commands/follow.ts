import type { Command } from "commander";
import { z } from "zod";
import { isEnded } from "../../domain/task-machine.ts";
import { addBody, type Context, withClient } from "../command.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { findTask } from "../find.ts";
import { followTask } from "../follow.ts";
import { TASK_REF } from "../inputs.ts";
import { inWords } from "../invocation.ts";

const input = z.object({ task: z.string() });

function run(context: Context, { task: ref }: z.infer<typeof input>): Promise<number> {
  return withClient(context, { work: false }, async (connection) => {
    const { client, offline } = connection;
    const id = await findTask(client, ref);
    if (offline && !isEnded((await client.getTask(id)).state)) {
      throw new CliError(
        EXIT.noServer,
        "No server runs, so nothing happens to that task",
        `Start one with: ${inWords("serve")}`,
      );
    }
    return followTask({ connection, output: context.output, id });
  });
}

export function addFollow(program: Command): void {
  const command = program
    .command("follow")
    .description("show a task live to its end; exits 1 when it does not succeed")
    .argument("<task>", TASK_REF);
  addBody(command, { examples: ["hookwright follow last"], input, run });
}
