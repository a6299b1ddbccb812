import type { Command } from "commander";
import { z } from "zod";
import { addBody, type Context, withClient } from "../command.ts";
import { shortId } from "../find.ts";
import { limitSchema } from "../inputs.ts";
import { formatTime } from "../output.ts";
import { colors } from "../terminal.ts";

const input = z.object({ source: z.string().optional(), limit: limitSchema });

function run(context: Context, query: z.infer<typeof input>): Promise<void> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const { items } = await client.listDeliveries(query);
    if (output.json) return items.forEach((delivery) => output.data(delivery));
    if (items.length === 0) return output.note("No deliveries.");
    const shown = (id: string): string => (output.live ? shortId(id) : id);
    const rows = items.map((delivery) => [
      shown(delivery.id),
      delivery.source,
      delivery.event,
      delivery.verdict === "accepted" ? colors.green("accepted") : colors.red("rejected"),
      formatTime(delivery.received_at),
      delivery.reason ?? (delivery.replay_of === null ? "" : `replays ${shown(delivery.replay_of)}`),
    ]);
    return output.table({ header: ["id", "source", "event", "verdict", "received", "note"], rows });
  });
}

export function addDeliveries(program: Command): void {
  const command = program
    .command("deliveries")
    .description("list received webhooks, newest first")
    .option("--source <name>", "only of this source")
    .option("--limit <count>", "how many, at most 500", "20");
  addBody(command, {
    examples: ["hookwright deliveries", "hookwright deliveries --source app --json"],
    input,
    run,
  });
}
