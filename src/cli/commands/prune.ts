import type { Command } from "commander";
import { z } from "zod";
import type { Client } from "../../client/client.ts";
import type { PrunedWire } from "../../client/schemas.ts";
import { addBody, type Context, flag, withClient } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { sizeOf } from "../sizes.ts";

const input = z.object({ dryRun: flag });

type Counts = Omit<PrunedWire, "next" | "busy">;

function run(context: Context, { dryRun }: z.infer<typeof input>): Promise<number> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const { total, busy } = await pruneAll(client, dryRun, (soFar) => {
      if (output.live) output.note(`${dryRun ? "Found" : "Removed"} so far: ${describe(soFar)}`);
    });
    if (output.json) output.data({ dry_run: dryRun, ...total, busy });
    else output.prose(`${dryRun ? "Would remove" : "Removed"} ${describe(total)}`);
    if (busy) output.note("Another server is pruning this store already");
    return busy ? EXIT.failed : EXIT.ok;
  });
}

const COUNTED = ["bodies", "bytes", "log_entries", "tasks", "deliveries", "audit_events"] as const;

async function pruneAll(client: Client, dryRun: boolean, onPart: (total: Counts) => void) {
  const total: Counts = { bodies: 0, bytes: 0, log_entries: 0, tasks: 0, deliveries: 0, audit_events: 0 };
  let from: string | null = null;
  for (;;) {
    const { next, busy, ...removed }: PrunedWire = await client.prune({ dry_run: dryRun, from });
    for (const key of COUNTED) total[key] += removed[key];
    if (next === null) return { total, busy };
    from = next;
    onPart(total);
  }
}

const describe = ({
  bodies,
  bytes,
  log_entries: entries,
  tasks,
  deliveries,
  audit_events: events,
}: Counts): string =>
  `bodies: ${bodies} (${sizeOf(bytes)}), log entries: ${entries}, tasks: ${tasks}, deliveries: ${deliveries}, events of the audit log: ${events}`;

export function addPrune(program: Command): void {
  const command = program
    .command("prune")
    .description("remove now what `retention` in the settings does not keep; a server does so every hour")
    .option("--dry-run", "count only, remove nothing");
  addBody(command, { examples: ["hookwright prune --dry-run", "hookwright prune --json"], input, run });
}
