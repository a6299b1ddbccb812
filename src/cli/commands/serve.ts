import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createHmac } from "node:crypto";
import { createClient } from "../../client/client.ts";
import { receivedSchema } from "../../client/schemas.ts";
import { createLogger } from "../../lib/logger.ts";
import { makeDemoPush } from "../../settings/demo-repository.ts";
import { loadDotenv } from "../../settings/dotenv.ts";
import { asksForOlderServer } from "../../settings/environment.ts";
import type { Settings } from "../../settings/settings.ts";
import { writeStarter } from "../../settings/starter.ts";
import { connect, DEFAULT_FILE, readSettings, urlOf } from "../connect.ts";
import { demoSecret } from "../demo-secret.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { followTask } from "../follow.ts";
import type { Output } from "../output.ts";
import { action, type Command, examples, type Context } from "../program.ts";
import { serve as startServing, type RunningServer } from "../serve.ts";

interface ServeOptions {
  readonly listen?: string;
}

async function serve(context: Context, { listen }: ServeOptions): Promise<void> {
  const server = await begin(context, await readSettings(context.options), listen);
  await server.closed;
  // A command that could not be ended must not keep this process.
  process.exit(EXIT.ok);
}

/** Starts serving in this process, with its log for people at a terminal. */
async function begin(
  { options, output }: Context,
  settings: Settings,
  listen?: string,
): Promise<RunningServer> {
  const pretty = process.stderr.isTTY && !options.json;
  const level = output.interactive ? "info" : "info";
  for (const warning of settings.warnings) output.note(`warning: ${warning}`);
  return startServing({
    settings,
    logger: createLogger({ level, pretty }),
    signals: true,
    ...(listen !== undefined && { listen: parseListen(listen) }),
  });
}

function parseListen(listen: string): { host: string; port: number } {
  const [, host = "", port = ""] = /^(?:(.+):)?(\d{1,5})$/.exec(listen) ?? [];
  if (port === "") throw new CliError(EXIT.usage, `--listen ${listen}: expected HOST:PORT or PORT`);
  return { host: host === "" ? "127.0.0.1" : host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
}

/** What `npm start` runs. */
async function start(context: Context): Promise<void> {
  const { options, output } = context;
  const file = resolve(options.settings ?? DEFAULT_FILE);
  const dir = dirname(file);
  loadDotenv(dir);
  if (existsSync(file) || asksForOlderServer(process.env)) return serve(context, {});
  await writeStarter({ dir });
  const settings = await readSettings(options);
  welcome(output);
  const server = await begin(context, settings);
  const code = await push({ output, settings, dir, url: server.url, token: server.localToken });
  if (code === EXIT.interrupted) await server.close();
  else whatNext(output, server.url);
  await server.closed;
}

function welcome(output: Output): void {
  output.line("No hookwright.yaml here yet: wrote one, and a small git repository in demo/site to deploy.");
  output.line("Now sending a signed GitHub push for it, as GitHub would:");
  output.line();
}

function whatNext(output: Output, url: string): void {
  output.line();
  output.line(
    `Serving on ${url}. The settings are in hookwright.yaml, the site that was deployed in demo/live.`,
  );
  output.line();
  output.line("  Send the next push, from another terminal:  npm run demo");
  output.line("  See what came in and what it did:           npm run hookwright -- tasks");
  output.line("  Why did it start, or not?                   npm run hookwright -- explain last");
  output.line();
  output.line(
    "To connect a real repository: in hookwright.yaml add a source with a secret and an action with",
  );
  output.line(
    "its steps (both are there as comments), then add a webhook on GitHub: your host + /hooks/NAME,",
  );
  output.line(
    "content type application/json, that secret. Running servers take the new file over by themselves.",
  );
}

async function demo(context: Context): Promise<number> {
  const { options, output } = context;
  const settings = await readSettings(options);
  const connection = await connect(options, { work: true });
  try {
    const { url } = connection.client;
    return await push({ output, settings, dir: settings.dir, url, client: connection.client });
  } finally {
    await connection.close();
  }
}

interface PushOptions {
  readonly output: Output;
  readonly settings: Settings;
  readonly dir: string;
  readonly url: string;
  readonly token?: string;
  readonly client?: ReturnType<typeof createClient>;
}

/** Sends one really signed push over HTTP and follows what it starts. */
async function push({ output, settings, dir, url, token = "", client }: PushOptions): Promise<number> {
  const source = settings.sources["demo"];
  const repository = join(dir, "demo", "site");
  if (source === undefined || !existsSync(repository)) {
    throw new CliError(
      EXIT.usage,
      "The settings have no demo",
      "Try it in an empty folder: hookwright start --settings FOLDER/hookwright.yaml",
    );
  }
  const { body, headers, message, sha } = await makeDemoPush(repository);
  const signature = createHmac("sha256", await demoSecret(settings))
    .update(body)
    .digest("hex");
  output.note(`POST ${url}${source.path}  push of ${sha.slice(0, 12)} "${message}", signed`);
  const response = await fetch(url + source.path, {
    method: "POST",
    body,
    headers: { ...headers, "x-hub-signature-256": `sha256=${signature}` },
  });
  const answer: unknown = await response.json();
  if (!response.ok)
    throw new CliError(EXIT.failed, `The server answered ${response.status}: ${JSON.stringify(answer)}`);
  const received = receivedSchema.parse(answer);
  output.note(`${response.status}  stored as delivery ${received.delivery}`);
  const [task] = received.tasks;
  if (task === undefined)
    throw new CliError(EXIT.failed, "The push started nothing", "See why: hookwright explain last");
  return followTask({ client: client ?? createClient({ url, token }), output, id: task.id });
}

export { urlOf };

export function addServeCommands(program: Command): void {
  program
    .command("serve")
    .description("receive webhooks and run what they start, until SIGTERM")
    .option("--listen <host:port>", "instead of the settings' address; port 0 takes a free one")
    .addHelpText("after", examples("hookwright serve", "hookwright serve --settings /etc/hookwright.yaml"))
    .action(action(serve));
  program
    .command("start")
    .description("serve; the first time, write starter settings and show a demo deployment")
    .addHelpText("after", examples("npm start"))
    .action(action(start));
  program
    .command("demo")
    .description("send a signed push for the demo repository and follow its deployment")
    .addHelpText("after", examples("npm run demo"))
    .action(action(demo));
}
