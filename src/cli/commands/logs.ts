import type { Command } from "commander";
import { z } from "zod";
import { addBody, type Context, flag, withClient } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { findTask } from "../find.ts";
import { followTask } from "../follow.ts";
import { TASK_REF } from "../inputs.ts";
import { logLine } from "../task-lines.ts";

const PAGE = 1_000;

const input = z.object({ task: z.string(), follow: flag });

function run(context: Context, { task: ref, follow }: z.infer<typeof input>): Promise<number> {
  const { output } = context;
  return withClient(context, { work: false }, async (connection) => {
    const { client, offline } = connection;
    const id = await findTask(client, ref);
    if (follow && !offline) return followTask({ connection, output, id });
    for (let after = 0; !output.gone.aborted;) {
      const { items } = await client.listLog(id, { after, limit: PAGE });
      for (const entry of items) {
        if (output.json) output.data(entry);
        else output.line(logLine(entry));
      }
      const last = items.at(-1);
      if (last === undefined) break;
      after = last.seq;
    }
    return EXIT.ok;
  });
}

export function addLogs(program: Command): void {
  const command = program
    .command("logs")
    .description("print a task's log")
    .argument("<task>", TASK_REF)
    .option("-f, --follow", "go on until its end; exits 1 when it does not succeed");
  addBody(command, {
    examples: ["hookwright logs last", "hookwright logs last --follow --json"],
    input,
    run,
  });
}
