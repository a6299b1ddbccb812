import { dirname, join } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { createClient } from "../../client/client.ts";
import { AppError } from "../../domain/errors.ts";
import { levelOf } from "../../lib/logger.ts";
import { onSignals } from "../../lib/signals.ts";
import type { Settings } from "../../settings/settings.ts";
import { writeStarter } from "../../settings/starter.ts";
import { beginServing, endWith, type Serving } from "../begin-serving.ts";
import { addBody, type Context } from "../command.ts";
import { findSettings, readSettings, settingsPath } from "../connect.ts";
import { hasDemo, sendDemoPush } from "../demo.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { followTask } from "../follow.ts";
import { freePort } from "../free-port.ts";
import type { Output } from "../output.ts";
import { requireGit } from "../require-git.ts";
import type { RunningServer } from "../serve.ts";
import { invite, welcome, whatNext } from "../welcome.ts";
import { messageOf } from "../../lib/message-of.ts";

/** What `npm start` runs: serves; the first time, it writes settings and shows a deployment. */
async function run(context: Context): Promise<void> {
  const settings = await findSettings(context.options);
  if (settings === null) return firstRun(context);
  const { server } = await beginServing(context, { settings });
  if (hasDemo(settings)) invite(context.output);
  return endWith(server);
}

async function firstRun(context: Context): Promise<void> {
  const { output, options } = context;
  await requireGit();
  const port = await freePort();
  await writeFiles(dirname(settingsPath(options)), port);
  const settings = await readSettings(options);
  welcome(output, port);
  // The demo is the show; what the server has to say begins after it.
  const { server, logger } = await beginServing(context, { settings, level: "error" });
  const stop = new AbortController();
  const off = onSignals({ SIGINT: () => stop.abort(), SIGTERM: () => stop.abort() });
  try {
    await showDemo({ output, settings, server, stop: stop.signal });
  } catch (error) {
    await server.close();
    // A server that ends meanwhile makes the demo fail too.
    if (!stop.signal.aborted) throw error;
  } finally {
    off();
  }
  // It has heard the signal too, and drains; this second call stops the demo.
  if (stop.signal.aborted) void server.close();
  else introduce(output, { server, logger });
  return endWith(server);
}

function introduce(output: Output, { server, logger }: Serving): void {
  logger.level = levelOf(process.env);
  whatNext(output, server.url);
}

interface ShowOptions {
  readonly output: Output;
  readonly settings: Settings;
  readonly server: RunningServer;
  readonly stop: AbortSignal;
}

async function showDemo({ output, settings, server, stop }: ShowOptions): Promise<void> {
  const client = createClient({ url: server.url, token: server.localToken });
  const id = await sendDemoPush({ output, settings, hooks: { url: server.url, fetch } });
  if (stop.aborted) return;
  const onInterrupt = "Stopping, and undoing what the demo had done";
  await followTask({ connection: { client, offline: false }, output, id, onInterrupt });
}

async function writeFiles(dir: string, port: number): Promise<void> {
  try {
    await writeStarter({ dir, port });
  } catch (error) {
    if (error instanceof AppError) throw error;
    const reason = messageOf(error);
    throw new CliError(
      EXIT.failed,
      `The first settings can't be written: ${reason}`,
      `Run it where this account may write, or choose a place: npm start -- --settings ${join("FOLDER", "hookwright.yaml")}`,
    );
  }
}

export function addStart(program: Command): void {
  const command = program
    .command("start")
    .description("serve; the first time, write starter settings and show a demo deployment");
  addBody(command, { examples: ["hookwright start"], input: z.object({}), run });
}
