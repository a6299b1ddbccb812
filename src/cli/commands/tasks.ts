import type { Command } from "commander";
import { z } from "zod";
import type { TaskWire } from "../../client/schemas.ts";
import { TASK_STATES } from "../../domain/task.ts";
import { addBody, type Context, withClient } from "../command.ts";
import { shortId } from "../find.ts";
import { limitSchema } from "../inputs.ts";
import { inWords } from "../invocation.ts";
import { formatTime } from "../output.ts";
import { duration, stateOf } from "../task-lines.ts";

const stateSchema = z
  .string()
  .toUpperCase()
  .pipe(z.enum(TASK_STATES, { error: `expected one of ${TASK_STATES.join(", ")}` }));

const input = z.object({
  action: z.string().optional(),
  state: stateSchema.optional(),
  limit: limitSchema,
});

function run(context: Context, query: z.infer<typeof input>): Promise<void> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const { items } = await client.listTasks(query);
    if (output.json) return items.forEach((task) => output.data(task));
    if (items.length === 0) return output.note(`No tasks. Start one with: ${inWords("trigger ACTION")}`);
    const rows = items.map((task) => [
      output.live ? shortId(task.id) : task.id,
      task.action,
      `${stateOf(task)}${detail(task)}`,
      formatTime(task.created_at),
      duration(task),
      task.reason ?? task.hold?.reason ?? "",
    ]);
    return output.table({ header: ["id", "action", "state", "created", "took", "reason"], rows });
  });
}

function detail({ state, position, progress }: TaskWire): string {
  if (position !== null) return ` #${position}`;
  return state === "RUNNING" || state === "CANCELLING" ? ` ${Math.floor(progress)}%` : "";
}

export function addTasks(program: Command): void {
  const command = program
    .command("tasks")
    .description("list tasks, newest first")
    .option("--action <name>", "only of this action")
    .option("--state <state>", `only in this state: ${TASK_STATES.join(", ")}`)
    .option("--limit <count>", "how many, at most 500", "20");
  addBody(command, {
    examples: ["hookwright tasks", "hookwright tasks --action deploy --state completed --json"],
    input,
    run,
  });
}
