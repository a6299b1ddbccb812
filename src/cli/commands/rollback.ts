import type { Command } from "commander";
import { z } from "zod";
import { addBody, type Context, flag, withClient } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { shortId } from "../find.ts";
import { followTask } from "../follow.ts";
import { inWords } from "../invocation.ts";

const input = z.object({
  app: z.string(),
  release: z.string().optional(),
  cancel: flag,
  follow: flag,
});

function run(context: Context, { app, release, ...how }: z.infer<typeof input>): Promise<number> {
  const { output } = context;
  return withClient(context, { work: true }, async (connection) => {
    const { client, offline } = connection;
    const { items } = await client.rollBackApp(app, { release: release ?? null, cancel: how.cancel });
    let code: number = EXIT.ok;
    for (const task of items) {
      if (how.follow || offline) {
        code = Math.max(code, await followTask({ connection, output, id: task.id }));
      } else if (output.json) output.data(task);
      else output.line(`${task.id} started; follow it with: ${inWords(`follow ${shortId(task.id)}`)}`);
    }
    return code;
  });
}

export function addRollback(program: Command): void {
  const command = program
    .command("rollback")
    .description("put an older release of an app in use again; without a running server it is done here")
    .argument("<app>", "as `hookwright releases` shows it")
    .argument("[release]", "which one (default: the last that was healthy before the one in use)")
    .option("--cancel", "end the deployments that are in its way, instead of waiting for them")
    .option("-f, --follow", "show it live to its end; exits 1 when it does not succeed");
  addBody(command, { examples: ["hookwright rollback web --cancel --follow"], input, run });
}
