import type { Command } from "commander";
import { z } from "zod";
import type { RevisionWire } from "../../client/schemas.ts";
import { addBody, type Context, withClient } from "../command.ts";
import { formatTime } from "../output.ts";

const input = z.object({ app: z.string().optional() });

function run(context: Context, { app }: z.infer<typeof input>): Promise<void> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const { items } = await client.listRevisions({ app });
    if (output.json) return items.forEach((revision) => output.data(revision));
    if (items.length === 0) return output.note("Nothing is remembered; reports of Argo CD are.");
    const rows = items.map((revision) => [
      revision.app === "" ? revision.source : revision.app,
      revision.revision.slice(0, 12),
      stateOf(revision),
      formatTime(revision.at),
      revision.source,
    ]);
    return output.table({ header: ["app", "revision", "state", "reported", "source"], rows });
  });
}

function stateOf({ state, target, vain, current }: RevisionWire): string {
  if (state === "healthy") return current ? "healthy, current" : "healthy";
  return `rolled back to ${target?.slice(0, 12) ?? "nothing"}${vain ? ", in vain" : ""}`;
}

export function addRevisions(program: Command): void {
  const command = program
    .command("revisions")
    .description(
      "list which revisions of applications Argo CD has reported healthy, or were rolled back from",
    )
    .argument("[app]", "of this application alone");
  addBody(command, { examples: ["hookwright revisions"], input, run });
}
