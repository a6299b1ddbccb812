import type { Command } from "commander";
import { z } from "zod";
import { addBody, type Context, flag, withClient } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { findTask, shortId } from "../find.ts";
import { followTask } from "../follow.ts";
import { TASK_REF } from "../inputs.ts";
import { inWords } from "../invocation.ts";
import { place } from "../task-lines.ts";

const input = z.object({
  task: z.string(),
  refuse: flag,
  overrideFreeze: flag,
  comment: z.string().nullable().default(null),
  follow: flag,
});

function run(context: Context, given: z.infer<typeof input>): Promise<number> {
  const { output } = context;
  const { task: ref, refuse, comment, follow, overrideFreeze } = given;
  return withClient(context, { work: !refuse }, async (connection) => {
    const { client, offline } = connection;
    const id = await findTask(client, ref);
    const task = await (refuse
      ? client.refuseTask(id, { comment })
      : client.approveTask(id, { comment, override_freeze: overrideFreeze }));
    if (!refuse && (follow || offline)) return followTask({ connection, output, id });
    if (output.json) output.data(task);
    else if (refuse) output.line(`${id} is refused`);
    else output.line(`${id} is let start${place(task)}; follow it with: ${inWords(`follow ${shortId(id)}`)}`);
    return EXIT.ok;
  });
}

export function addApprove(program: Command): void {
  const command = program
    .command("approve")
    .description(
      "let a task start that waits for approval, or refuse it; without a running server it runs here",
    )
    .argument("<task>", TASK_REF)
    .option("--refuse", "end it instead, as rejected")
    .option("--override-freeze", "let it start although there is a freeze")
    .option("-m, --comment <text>", "why, for the task's log")
    .option("-f, --follow", "show it live to its end; exits 1 when it does not succeed");
  addBody(command, {
    examples: [
      "hookwright approve last --follow",
      'hookwright approve last --refuse --comment "not on a Friday"',
    ],
    input,
    run,
  });
}
