import type { Command } from "commander";
import { z } from "zod";
import { addBody, type Context, withClient } from "../command.ts";
import { formatTime } from "../output.ts";

function run(context: Context): Promise<void> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const { items } = await client.listNodes();
    if (output.json) return items.forEach((node) => output.data(node));
    const rows = items.map((node) => [
      node.name,
      node.alive ? "alive" : "lost",
      node.roles.join(", "),
      node.labels.join(", "),
      String(node.tasks),
      node.version,
      formatTime(node.started_at),
      formatTime(node.seen_at),
    ]);
    const header = ["name", "state", "roles", "labels", "tasks", "version", "started", "seen"];
    return output.table({ header, rows });
  });
}

export function addNodes(program: Command): void {
  const command = program
    .command("nodes")
    .description("list the servers on this store, and what each of them runs");
  addBody(command, { examples: ["hookwright nodes"], input: z.object({}), run });
}
