import type { Command } from "commander";
import { z } from "zod";
import type { RelayStore } from "../../relay/store.ts";
import { addBody, type Context, flag } from "../command.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { formatTime } from "../output.ts";
import { RELAY_DATA } from "../relay-data.ts";
import { sizeOf } from "../sizes.ts";

/** The relay may run meanwhile: both have the database open. */
async function withStore<T>(path: string, work: (store: RelayStore) => T): Promise<T> {
  const { openRelayStore } = await import("../../relay/store.ts");
  const store = openRelayStore({ path, maxWaitingBytes: 0 });
  try {
    return work(store);
  } finally {
    store.close();
  }
}

const name = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,128}$/, "expected letters, digits, `_` and `-`")
  .refine((id) => id !== "healthz", "the relay itself uses this name");

const createInput = z.object({ name: name.optional(), open: flag, data: z.string() });

async function create(
  { output }: Context,
  { name: id, open, data }: z.infer<typeof createInput>,
): Promise<void> {
  const { channel, token } = await withStore(data, (store) =>
    store.createChannel({ id: id ?? null, open, now: new Date() }),
  );
  if (output.json) return output.data({ channel: channel.id, token });
  output.note(`Channel ${channel.id}: webhooks go to the relay's URL and /${channel.id}`);
  if (token === null) return output.note("It is open: who knows this URL can read what comes in");
  output.note("Its forwarder's token, which is shown this once:");
  return output.line(token);
}

const listInput = z.object({ data: z.string() });

async function list({ output }: Context, { data }: z.infer<typeof listInput>): Promise<void> {
  const channels = await withStore(data, (store) => store.channels());
  if (output.json) {
    return channels.forEach((each) =>
      output.data({
        channel: each.id,
        open: each.open,
        waiting: each.waiting,
        waiting_bytes: each.waitingBytes,
        accepted: each.accepted,
        refused: each.refused,
        last_received_at: each.lastReceivedAt,
        created_at: each.createdAt,
      }),
    );
  }
  if (channels.length === 0) return output.note("No channels. Make one with: hookwright channel create");
  const rows = channels.map((each) => [
    each.id,
    each.open ? "anybody" : "token",
    `${each.waiting} (${sizeOf(each.waitingBytes)})`,
    String(each.accepted),
    String(each.refused),
    formatTime(each.lastReceivedAt),
  ]);
  return output.table({
    header: ["channel", "read by", "waiting", "accepted", "refused", "last received"],
    rows,
  });
}

const removeInput = z.object({ name, data: z.string() });

async function remove({ output }: Context, { name: id, data }: z.infer<typeof removeInput>): Promise<void> {
  const removed = await withStore(data, (store) => store.removeChannel(id));
  if (!removed) throw new CliError(EXIT.notFound, `There is no channel ${id}`);
  if (output.json) output.data({ removed: id });
  else output.line(`${id} is removed, with all that waited in it`);
}

export function addChannel(program: Command): void {
  const channel = program.command("channel").description("make, list and remove channels of a relay");
  const data = ["--data <file>", "database of the relay", RELAY_DATA] as const;
  addBody(
    channel
      .command("create")
      .description("make a channel; its token is shown once")
      .argument("[name]", "end of its URL, which everybody who knows it can send to (default: a random one)")
      .option("--open", "anybody who knows the URL may read it too, as smee clients do")
      .option(...data),
    {
      examples: ["hookwright channel create", "hookwright channel create demo --open"],
      input: createInput,
      run: create,
    },
  );
  addBody(
    channel
      .command("list")
      .description("list the channels, and what waits in them")
      .option(...data),
    { examples: ["hookwright channel list", "hookwright channel list --json"], input: listInput, run: list },
  );
  addBody(
    channel
      .command("remove")
      .description("remove a channel with all that waits in it")
      .argument("<name>", "of the channel")
      .option(...data),
    { examples: ["hookwright channel remove demo"], input: removeInput, run: remove },
  );
}
