import type { Command } from "commander";
import { z } from "zod";
import { addBody, type Context, flag, withClient } from "../command.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { findMessage, shortId } from "../find.ts";
import { limitSchema } from "../inputs.ts";
import { formatTime } from "../output.ts";

const listInput = z.object({ endpoint: z.string().optional(), limit: limitSchema });

function list(context: Context, query: z.infer<typeof listInput>): Promise<void> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const { items } = await client.listMessages({ ...query, state: "dead" });
    if (output.json) return items.forEach((message) => output.data(message));
    if (items.length === 0) return output.note("No dead letters.");
    const rows = items.map((message) => [
      output.live ? shortId(message.id) : message.id,
      message.endpoint,
      message.type,
      String(message.attempts),
      formatTime(message.ended_at),
      message.error ?? "",
    ]);
    return output.table({ header: ["id", "endpoint", "event", "attempts", "given up", "reason"], rows });
  });
}

const retryInput = z.object({ message: z.string().optional(), all: flag, endpoint: z.string().optional() });

async function retry(
  context: Context,
  { message, all, endpoint }: z.infer<typeof retryInput>,
): Promise<void> {
  if ((message === undefined) !== (all || endpoint !== undefined)) {
    throw new CliError(EXIT.usage, "Give either a message, or --all, or --endpoint");
  }
  const { output } = context;
  await withClient(context, { work: true }, async ({ client }) => {
    if (message === undefined) {
      const { retried } = await client.retryMessages(endpoint ?? null);
      if (output.json) output.data({ retried });
      else output.line(`${retried} messages are sent anew`);
      return;
    }
    const retried = await client.retryMessage(await findMessage(client, message));
    if (output.json) output.data(retried);
    else output.line(`Sent anew as ${retried.id}`);
  });
}

export function addDeadLetters(program: Command): void {
  const letters = program
    .command("dead-letters")
    .description("messages to endpoints that were given up: list, retry");
  const listCommand = letters
    .command("list", { isDefault: true })
    .description("list them, newest first")
    .option("--endpoint <name>", "only of this endpoint")
    .option("--limit <count>", "how many, at most 500", "20");
  addBody(listCommand, { examples: ["hookwright dead-letters"], input: listInput, run: list });
  const retryCommand = letters
    .command("retry")
    .description(
      "send one anew, or all of them: the same bytes under a new id, so that no receiver takes them for repetitions",
    )
    .argument("[message]", "the message's id, a part of it that is unique, or `last`")
    .option("--all", "every one")
    .option("--endpoint <name>", "every one of this endpoint");
  addBody(retryCommand, {
    examples: ["hookwright dead-letters retry --all", "hookwright dead-letters retry --endpoint ops"],
    input: retryInput,
    run: retry,
  });
}
