import { resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import type { Settings } from "../../settings/settings.ts";
import { addBody, type Context, flag } from "../command.ts";
import { findSettings } from "../connect.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { createMoveView } from "../move-view.ts";
import type { Output } from "../output.ts";
import { storeMoving } from "../serve.ts";

const input = z
  .object({
    from: z
      .string()
      .regex(/^sqlite:./, "expected sqlite: and a path")
      .optional(),
    to: z
      .string()
      .regex(/^postgres(ql)?:\/\/./, "expected postgres://USER@HOST/DATABASE")
      .optional(),
    dryRun: flag,
    cancel: flag,
  })
  .refine(({ dryRun, cancel }) => !(dryRun && cancel), {
    path: ["cancel"],
    error: "not together with --dry-run",
  });

interface Places {
  readonly from: string;
  readonly to: string;
  readonly toName: string;
}

async function run(context: Context, given: z.infer<typeof input>): Promise<void> {
  const { output, options } = context;
  const settings = await findSettings(options);
  const places = placesOf(settings, given);
  const { cancelMove, planMove } = await storeMoving();
  if (given.cancel) {
    await cancelMove(places);
    if (output.json) return output.data({ cancelled: true });
    return output.line(`Given up; ${places.from} may be used again`);
  }
  if (given.dryRun) {
    const { tables, begun } = await planMove(places);
    if (output.json) return output.data({ dry_run: true, begun, tables });
    const rows = tables.map((table) => [table.name, String(table.rows)]);
    output.table({ header: ["table", "rows"], rows });
    return output.note(`Would ${begun ? "go on to move" : "move"} these to ${places.toName}`);
  }
  return move(output, settings, places);
}

async function move(output: Output, settings: Settings | null, places: Places): Promise<void> {
  const { moveStore } = await storeMoving();
  const view = createMoveView(output);
  const moved = await moveStore({ ...places, onProgress: view.show }).finally(view.end);
  const { tables, tasks, lostBodies } = moved;
  if (output.json) return output.data({ moved: true, tables, tasks, lost_bodies: lostBodies });
  if (tables.length > 0) {
    const rows = tables.map(({ name, rows: count, digest }) => [name, String(count), digest]);
    output.table({ header: ["table", "rows", "digest"], rows });
  }
  if (lostBodies > 0) output.note(`Bodies that were lost before, and are not there now: ${lostBodies}`);
  output.line(`All of it is in ${places.toName}; tasks that go on there: ${tasks}`);
  if (settings?.store.kind !== "postgres") {
    output.line("Now change the settings, and start the server again:");
    output.line(`  store: "${places.toName}"`);
  }
  return output.prose(`${places.from} stays as it is, as a backup; no server takes it any more.`);
}

/** What is not given is what the settings say. */
function placesOf(settings: Settings | null, { from, to }: z.infer<typeof input>): Places {
  const store = settings?.store;
  const path =
    from === undefined
      ? store?.kind === "sqlite"
        ? store.path
        : null
      : resolve(settings?.dir ?? ".", from.replace(/^sqlite:/, ""));
  const url = to ?? (store?.kind === "postgres" ? store.url : null);
  if (path === null) throw missing("--from", "sqlite:./data/hookwright.db");
  if (url === null) throw missing("--to", "postgres://hookwright@db.example.com/hookwright");
  return { from: path, to: url, toName: withoutPassword(url) };
}

const missing = (option: string, example: string): CliError =>
  new CliError(EXIT.usage, `The settings don't say where ${option} is`, `Give it: ${option} ${example}`);

/** As far as people are to see it. */
const withoutPassword = (url: string): string =>
  url.replace(/^(\w+:\/\/[^:@/]*):[^@/]*@/, "$1@").replaceAll(/([?&]password=)[^&]*/g, "$1***");

export function addMigrateStore(program: Command): void {
  const command = program
    .command("migrate-store")
    .description(
      "move an embedded store into PostgreSQL; called again after a crash, it goes on where it was",
    )
    .option("--from <store>", "sqlite:PATH of the embedded store (default: the settings' store)")
    .option("--to <store>", "postgres://USER@HOST/DATABASE, empty (default: the settings' store)")
    .option("--dry-run", "check both and count, move nothing")
    .option("--cancel", "give up a move that has not come to its end: the embedded store may be used again");
  addBody(command, {
    examples: [
      "hookwright migrate-store --to postgres://hookwright@db.example.com/hookwright --dry-run",
      "hookwright migrate-store --to postgres://hookwright@db.example.com/hookwright",
      "hookwright migrate-store --from sqlite:./data/hookwright.db --json",
    ],
    input,
    run,
  });
}
