import type { Command } from "commander";
import { z } from "zod";
import { addBody, type Context } from "../command.ts";
import { readSettings } from "../connect.ts";
import { beginServing, endWith } from "../begin-serving.ts";
import { listenSchema } from "../inputs.ts";

const input = z.object({ listen: listenSchema.optional() });

async function run(context: Context, { listen }: z.infer<typeof input>): Promise<void> {
  const { server } = await beginServing(context, { settings: await readSettings(context.options), listen });
  await endWith(server);
}

export function addServe(program: Command): void {
  const command = program
    .command("serve")
    .description("receive webhooks and run what they start, until SIGTERM or Ctrl-C")
    .option("--listen <host:port>", "instead of the settings' address; port 0 takes a free one");
  addBody(command, {
    examples: [
      "hookwright serve",
      "hookwright serve --settings /etc/hookwright/hookwright.yaml --listen 8081",
    ],
    input,
    run,
  });
}
