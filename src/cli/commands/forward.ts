import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { z } from "zod";
import { createLogger, levelOf } from "../../lib/logger.ts";
import { originOf } from "../../lib/origin.ts";
import { onSignals } from "../../lib/signals.ts";
import { addBody, type Context } from "../command.ts";
import { fetchByFile } from "../local-server.ts";
import { readSettings } from "../connect.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { messageOf } from "../../lib/message-of.ts";

const url = (example: string) => z.url({ protocol: /^https?$/, error: `expected a URL such as ${example}` });

const input = z.object({
  from: url("https://relay.example.com/CHANNEL"),
  to: url("http://127.0.0.1:8080/hooks/app").optional(),
  source: z.string().optional(),
  tokenFile: z.string().optional(),
});
type Given = z.infer<typeof input>;

async function run(context: Context, given: Given): Promise<void> {
  const { forward, ForwardRefused } = await import("../../relay/forward.ts");
  const { to, fetchTarget } =
    given.to === undefined ? await targetOf(context, given.source) : { to: given.to, fetchTarget: undefined };
  const token = await tokenOf(context, given);
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  const remove = onSignals({ SIGTERM: stop, SIGINT: stop });
  const logger = createLogger({
    level: levelOf(process.env),
    pretty: process.stderr.isTTY && !context.options.json,
  });
  try {
    const { signal } = stopped;
    await forward({ from: given.from, to, token, logger, signal, ...(fetchTarget && { fetchTarget }) });
  } catch (error) {
    if (!(error instanceof ForwardRefused)) throw error;
    throw new CliError(error.unauthorized ? EXIT.auth : EXIT.notFound, error.message);
  } finally {
    remove();
  }
}

interface Target {
  readonly to: string;
  /** Reaches a server that speaks TLS, which may have another certificate tomorrow. */
  readonly fetchTarget: typeof fetch | undefined;
}

/** Where the server of the settings takes that source's webhooks. */
async function targetOf({ options }: Context, name: string | undefined): Promise<Target> {
  if (name === undefined) throw new CliError(EXIT.usage, "Say where to: --source NAME, or --to URL");
  const settings = await readSettings(options);
  const { server, sources } = settings;
  const source = sources[name];
  if (source === undefined) throw new CliError(EXIT.notFound, `The settings have no source ${name}`);
  const host = server.host === "0.0.0.0" || server.host === "::" ? "127.0.0.1" : server.host;
  return {
    to: `${originOf({ ...server, host })}${source.path}`,
    fetchTarget: server.tls === null ? undefined : fetchByFile(settings),
  };
}

async function tokenOf({ options }: Context, { tokenFile }: Given): Promise<string | null> {
  if (tokenFile === undefined) return process.env["HOOKWRIGHT_RELAY_TOKEN"] ?? options.token ?? null;
  const text = await readFile(tokenFile, "utf8").catch((error: unknown) => {
    const reason = messageOf(error);
    throw new CliError(EXIT.notFound, `${tokenFile} can't be read: ${reason}`);
  });
  return text.trim();
}

export function addForward(program: Command): void {
  const command = program
    .command("forward")
    .description("fetch the webhooks of a relay's channel, or of smee.io, and hand them to a server here")
    .requiredOption(
      "--from <url>",
      "the channel: https://relay.example.com/CHANNEL, or https://smee.io/CHANNEL",
    )
    .option("--source <name>", "source of the settings that they are for")
    .option("--to <url>", "instead: the whole URL that they are handed to")
    .option("--token-file <file>", "holds the channel's token (or HOOKWRIGHT_RELAY_TOKEN)");
  addBody(command, {
    examples: [
      "hookwright forward --from https://relay.example.com/CHANNEL --source app",
      "hookwright forward --from https://smee.io/CHANNEL --to http://127.0.0.1:8080/hooks/app",
    ],
    input,
    run,
  });
}
