import type { Command } from "commander";
import { z } from "zod";
import type { ReceivedWire } from "../../client/schemas.ts";
import { addBody, type Context, flag, withClient } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { findDelivery, shortId } from "../find.ts";
import { followTask } from "../follow.ts";
import { DELIVERY_REF } from "../inputs.ts";
import { inWords } from "../invocation.ts";
import type { Output } from "../output.ts";
import { printReasons } from "../reasons.ts";

const input = z.object({ delivery: z.string(), dryRun: flag, follow: flag });

function run(context: Context, given: z.infer<typeof input>): Promise<number> {
  const { output } = context;
  const { delivery: ref, dryRun, follow } = given;
  return withClient(context, { work: !dryRun }, async (connection) => {
    const { client, offline } = connection;
    const received = await client.replayDelivery(await findDelivery(client, ref), { dryRun });
    const { tasks } = received;
    const following = !dryRun && (follow || offline);
    show(output, received, { dryRun, hint: !following });
    let code: number = EXIT.ok;
    for (const { id } of following ? tasks : []) {
      code = Math.max(code, await followTask({ connection, output, id }));
    }
    return code;
  });
}

interface ShowOptions {
  readonly dryRun: boolean;
  /** Say how to follow what was started. */
  readonly hint: boolean;
}

function show(output: Output, received: ReceivedWire, { dryRun, hint }: ShowOptions): void {
  if (output.json) return output.data(received);
  const { delivery, tasks, reasons = [] } = received;
  if (!dryRun) output.line(`Stored as delivery ${delivery}`);
  for (const { id, action, hold } of tasks) {
    const why = hold === undefined ? "" : ` (${hold.reason})`;
    const how = hint ? `; follow it with: ${inWords(`follow ${shortId(id)}`)}` : "";
    output.line(`Started ${action}: ${id}${why}${how}`);
  }
  if (tasks.length === 0) printReasons(output, reasons);
  return undefined;
}

export function addReplay(program: Command): void {
  const command = program
    .command("replay")
    .description("take a delivery in once more, by the settings as they are now")
    .argument("<delivery>", DELIVERY_REF)
    .option("--dry-run", "only say what would start")
    .option("-f, --follow", "show what it starts live to its end; exits 1 when something does not succeed");
  addBody(command, {
    examples: ["hookwright replay last --dry-run", "hookwright replay last --follow"],
    input,
    run,
  });
}
