import type { Command } from "commander";
import { z } from "zod";
import type { SourceWire } from "../../client/schemas.ts";
import { addBody, type Context, withClient } from "../command.ts";
import { formatTime, type Output } from "../output.ts";

function run(context: Context): Promise<void> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const { items } = await client.listSources();
    if (output.json) return items.forEach((source) => output.data(source));
    if (items.length === 0) return output.note("The settings have no sources");
    return show(output, items);
  });
}

function show(output: Output, items: readonly SourceWire[]): void {
  const rows = items.map(({ name, kind, path, last_delivery: last, refused }) => [
    name,
    kind,
    path,
    last === null ? "none yet" : `${formatTime(last.received_at)} ${last.event} (${last.verdict})`,
    refusals(refused),
  ]);
  output.table({ header: ["name", "kind", "path", "last delivery", "refused"], rows });
  const recoveries = items.flatMap(({ name, recoveries: all }) => all.map((each) => ({ name, ...each })));
  if (recoveries.length === 0) return;
  output.line();
  output.table({
    header: [
      "source",
      "webhook of",
      "last asked",
      "found",
      "asked for",
      "came in",
      "open",
      "given up",
      "problem",
    ],
    rows: recoveries.map((each) => [
      each.name,
      each.hook,
      formatTime(each.started_at),
      String(each.found),
      String(each.asked),
      String(each.came_in),
      String(each.open),
      String(each.given_up),
      each.error ?? "",
    ]),
  });
}

const refusals = (refused: SourceWire["refused"]): string =>
  Object.entries(refused)
    .map(([code, count]) => `${code} ${count}`)
    .join(", ");

export function addSources(program: Command): void {
  const command = program
    .command("sources")
    .description(
      "list the sources: what came in last, what was refused, which missed deliveries were recovered",
    );
  addBody(command, {
    examples: ["hookwright sources", "hookwright sources --json"],
    input: z.object({}),
    run,
  });
}
