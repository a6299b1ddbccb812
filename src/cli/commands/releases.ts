import type { Command } from "commander";
import { z } from "zod";
import { addBody, type Context, withClient } from "../command.ts";
import { formatTime } from "../output.ts";

const input = z.object({ app: z.string().optional() });

function run(context: Context, { app }: z.infer<typeof input>): Promise<void> {
  const { output } = context;
  return withClient(context, { work: false }, async ({ client }) => {
    const { items } = await client.listReleases(app);
    if (output.json) return items.forEach((release) => output.data(release));
    const rows = items.map((release) => [
      release.app,
      release.id,
      release.current ? "current" : release.state,
      release.commit?.slice(0, 12) ?? "",
      release.node,
      formatTime(release.created_at),
      formatTime(release.activated_at),
    ]);
    const header = ["app", "release", "state", "commit", "machine", "made", "in use since"];
    return output.table({ header, rows });
  });
}

export function addReleases(program: Command): void {
  const command = program
    .command("releases")
    .description("list the releases that `release` steps have made, newest first")
    .argument("[app]", "of this app alone");
  addBody(command, { examples: ["hookwright releases web"], input, run });
}
