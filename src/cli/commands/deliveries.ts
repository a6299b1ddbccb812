import { EXIT } from "../exit-codes.ts";
import { findDelivery } from "../find.ts";
import { followTask } from "../follow.ts";
import { formatTime, type Output } from "../output.ts";
import { action, type Command, examples, withClient, type Context } from "../program.ts";
import { colorState } from "../task-view.ts";
import { parseLimit } from "./tasks.ts";

interface ListOptions {
  readonly source?: string;
  readonly limit: string;
}

async function listDeliveries(context: Context, options: ListOptions): Promise<void> {
  const { output } = context;
  const limit = parseLimit(options.limit);
  await withClient(context, { work: false }, async ({ client }) => {
    const { items } = await client.listDeliveries({ limit, source: options.source });
    if (output.json) return items.forEach((delivery) => output.data(delivery));
    if (items.length === 0) return output.note("No deliveries yet.");
    const rows = items.map((delivery) => [
      delivery.id,
      delivery.source,
      delivery.event,
      delivery.verdict === "accepted" ? output.colors.green("accepted") : output.colors.red("rejected"),
      formatTime(delivery.received_at),
      delivery.reason ?? (delivery.replay_of === null ? "" : `replays ${delivery.replay_of}`),
    ]);
    return output.table(["id", "source", "event", "verdict", "received", "note"], rows);
  });
}

async function explain(context: Context, ref: string): Promise<void> {
  const { output } = context;
  await withClient(context, { work: false }, async ({ client }) => {
    const explanation = await client.explainDelivery(await findDelivery(client, ref));
    if (output.json) return output.data(explanation);
    const { delivery, event, reasons, tasks } = explanation;
    output.line(`${delivery.event} of ${delivery.source}, received ${formatTime(delivery.received_at)}`);
    if (event === null) output.line(output.colors.red(`  rejected: ${delivery.reason ?? "unknown"}`));
    else output.line(`  ${describeEvent(event)}`);
    for (const task of tasks)
      output.line(`  started ${task.action}: ${task.id} ${colorState(task, output.colors)}`);
    if (reasons.length > 0) output.line("By the settings as they are now:");
    return printReasons(output, reasons);
  });
}

interface EventFacts {
  readonly name: string;
  readonly repository: string | null;
  readonly ref: string | null;
  readonly commit: { readonly sha: string; readonly message: string | null } | null;
}

function describeEvent({ name, repository, ref, commit }: EventFacts): string {
  const [subject = ""] = (commit?.message ?? "").split("\n");
  const what = commit === null ? null : `${commit.sha.slice(0, 12)} ${subject}`.trim();
  return [name, repository, ref, what].filter((part) => part !== null).join(" · ");
}

interface Reason {
  readonly action: string;
  readonly rule: number;
  readonly matched: boolean;
  readonly explanation: string;
}

function printReasons(output: Output, reasons: readonly Reason[]): void {
  for (const { action: name, rule, matched, explanation } of reasons) {
    const mark = matched ? output.colors.green("✓ starts") : output.colors.dim("- does not start");
    output.line(`  ${mark} ${name} (rule ${rule + 1}): ${explanation}`);
  }
}

interface ReplayOptions {
  readonly dryRun?: boolean;
  readonly follow?: boolean;
}

const replay = (context: Context, ref: string, { dryRun = false, follow }: ReplayOptions): Promise<number> =>
  withClient(context, { work: !dryRun }, async ({ client, offline }) => {
    const { output } = context;
    const received = await client.replayDelivery(await findDelivery(client, ref), { dryRun });
    if (output.json) output.data(received);
    else if (dryRun) printReasons(output, received.reasons ?? []);
    else output.line(`Stored as delivery ${received.delivery}`);
    if (dryRun) return EXIT.ok;
    if (received.tasks.length === 0) {
      if (!output.json) printReasons(output, received.reasons ?? []);
      return EXIT.ok;
    }
    let code: number = EXIT.ok;
    for (const { id, action: name } of received.tasks) {
      if (!output.json) output.line(`Started ${name}: ${id}`);
      if (follow === true || offline) code = Math.max(code, await followTask({ client, output, id }));
    }
    return code;
  });

const DELIVERY = "the delivery's id, a part of it that is unique, or `last`";

/** Commands about deliveries. */
export function addDeliveryCommands(program: Command): void {
  program
    .command("deliveries")
    .description("list received webhooks, newest first")
    .option("--source <name>", "only of this source")
    .option("--limit <count>", "how many", "20")
    .addHelpText("after", examples("hookwright deliveries", "hookwright deliveries --source app --json"))
    .action(action(listDeliveries));
  program
    .command("explain")
    .description("say, rule by rule, why a delivery did or did not start each action")
    .argument("<delivery>", DELIVERY)
    .addHelpText("after", examples("hookwright explain last"))
    .action(action(explain));
  program
    .command("replay")
    .description("take a delivery in once more, by the settings as they are now")
    .argument("<delivery>", DELIVERY)
    .option("--dry-run", "only say what would start")
    .option("--follow", "show what it starts live to its end")
    .addHelpText("after", examples("hookwright replay last --dry-run", "hookwright replay last --follow"))
    .action(action(replay));
}
