import type { Command } from "commander";
import { z } from "zod";
import { addBody, type Context, flag } from "../command.ts";
import { readSettings } from "../connect.ts";
import { beginServing, endWith } from "../begin-serving.ts";
import { collect, listenSchema } from "../inputs.ts";

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "expected letters, digits, `.`, `_` and `-`, such as web-1");

const input = z.object({
  listen: listenSchema.optional(),
  receive: flag,
  work: flag,
  name: name.optional(),
  label: z.array(name).default([]),
});

async function run(
  context: Context,
  { label, receive, work, ...rest }: z.infer<typeof input>,
): Promise<void> {
  const settings = await readSettings(context.options);
  // Neither said means both.
  const both = receive === work;
  const node = { name: rest.name, labels: label, receive: both || receive, work: both || work };
  const { server } = await beginServing(context, { settings, listen: rest.listen, node });
  await endWith(server);
}

export function addServe(program: Command): void {
  const command = program
    .command("serve")
    .description("receive webhooks and run what they start, until SIGTERM or Ctrl-C")
    .option("--listen <host:port>", "instead of the settings' address; port 0 takes a free one")
    .option("--receive", "receive webhooks only; other servers on the same PostgreSQL run the tasks")
    .option("--work", "run tasks only; other servers receive")
    .option("--name <name>", "of this server among those that share the store (default: the host's name)")
    .option("--label <label>", "what `runs_on` in actions may name; may be given several times", collect);
  addBody(command, {
    examples: [
      "hookwright serve",
      "hookwright serve --settings /etc/hookwright/hookwright.yaml --listen 8081",
      "hookwright serve --work --label web --label blue",
    ],
    input,
    run,
  });
}
