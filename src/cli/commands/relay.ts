import type { Command } from "commander";
import { z } from "zod";
import { createLogger, levelOf } from "../../lib/logger.ts";
import { onSignals } from "../../lib/signals.ts";
import { parseSize } from "../../settings/units.ts";
import { addBody, type Context } from "../command.ts";
import { collect, listenSchema } from "../inputs.ts";
import { RELAY_DATA } from "../relay-data.ts";

const size = z.string().transform((text, context) => {
  const bytes = parseSize(text);
  if (bytes !== null && bytes > 0) return bytes;
  context.addIssue({ code: "custom", message: `${text} is not a size such as 25MiB` });
  return z.NEVER;
});

const input = z.object({
  listen: listenSchema,
  data: z.string(),
  maxBody: size,
  maxWaiting: size,
  header: z.array(z.string().toLowerCase()).default([]),
});

async function run({ options }: Context, given: z.infer<typeof input>): Promise<void> {
  // Loaded only here: other commands have no use for a server.
  const [{ createRelay }, { openRelayStore }] = await Promise.all([
    import("../../relay/server.ts"),
    import("../../relay/store.ts"),
  ]);
  const logger = createLogger({ level: levelOf(process.env), pretty: process.stderr.isTTY && !options.json });
  const store = openRelayStore({ path: given.data, maxWaitingBytes: given.maxWaiting });
  const ended = Promise.withResolvers<void>();
  const stop = (): void => ended.resolve();
  const remove = onSignals({ SIGTERM: stop, SIGINT: stop });
  try {
    const relay = createRelay({ store, logger, maxBodyBytes: given.maxBody, keepHeaders: given.header });
    const url = await relay.listen(given.listen);
    logger.info({ url, channels: store.channels().length }, "Serving");
    await ended.promise;
    await relay.close();
  } finally {
    remove();
    store.close();
  }
}

export function addRelay(program: Command): void {
  const command = program
    .command("relay")
    .description(
      "take webhooks for servers that can't be reached, and keep them until `forward` fetches them",
    )
    .option("--listen <host:port>", "address; put a proxy with TLS before it", "127.0.0.1:8090")
    .option("--data <file>", "database of the relay", RELAY_DATA)
    .option("--max-body <size>", "largest body of a webhook", "25MiB")
    .option("--max-waiting <size>", "bodies that may wait in one channel; then senders get 503", "256MiB")
    .option("--header <name>", "keep this request header too; may be given several times", collect);
  addBody(command, {
    examples: ["hookwright relay", "hookwright relay --listen 8081 --header x-my-signature"],
    input,
    run,
  });
}
