import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient, type Client } from "../client/client.ts";
import { AppError } from "../domain/errors.ts";
import { createLogger } from "../lib/logger.ts";
import { loadDotenv } from "../settings/dotenv.ts";
import { settingsFromEnvironment } from "../settings/environment.ts";
import { loadSettings } from "../settings/load.ts";
import type { Settings } from "../settings/settings.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { inWords } from "./invocation.ts";
import { type GivingWay, giveWay } from "./give-way.ts";
import { findServer, type LocalServer, readLocal } from "./local-server.ts";
import type { Output } from "./output.ts";
import { serve } from "./serve.ts";

export const DEFAULT_FILE = "hookwright.yaml";

/** The options that every command has. */
export interface GlobalOptions {
  readonly settings?: string | undefined;
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly json: boolean;
  readonly color: boolean;
}

export interface Connection {
  readonly client: Client;
  /** Where its webhooks come to, and what reaches it. */
  readonly hooks: { readonly url: string; readonly fetch: typeof fetch };
  /** True when this process serves itself, because no server runs. */
  readonly offline: boolean;
  /** Waits for what still runs in this process, and says so. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Whether a server that has to be started for this may run tasks. */
  readonly work: boolean;
  readonly output: Output;
}

export const settingsPath = ({ settings = DEFAULT_FILE }: Pick<GlobalOptions, "settings">): string =>
  resolve(settings);

/**
 * The settings of the file, or of an older system's environment variables, the `.env` beside it taken into account; null
 * when there are none. Rejects `settings:invalid`.
 */
export async function findSettings(options: Pick<GlobalOptions, "settings">): Promise<Settings | null> {
  const file = settingsPath(options);
  loadDotenv(dirname(file));
  if (existsSync(file)) return loadSettings({ file, env: process.env });
  return options.settings === undefined ? settingsFromEnvironment(process.env) : null;
}

/** The settings that a command works with. Rejects `settings:*`. */
export async function readSettings(options: Pick<GlobalOptions, "settings">): Promise<Settings> {
  const settings = await findSettings(options);
  if (settings !== null) return settings;
  const { settings: file = DEFAULT_FILE } = options;
  throw new CliError(EXIT.usage, `There is no ${file} here`, `Make one with: ${inWords("init")}`);
}

/** For a server that is just starting, or a command that is about to end. */
const LOCKED_MS = 10_000;
const LOCKED_AGAIN_MS = 200;

/** A client of the running server; where none runs on this machine, one is started in this process. */
export async function connect(options: GlobalOptions, how: ConnectOptions): Promise<Connection> {
  const given = options.url ?? process.env["HOOKWRIGHT_URL"];
  const token = options.token ?? process.env["HOOKWRIGHT_TOKEN"];
  if (given !== undefined) return remote(given, token);
  const settings = await readSettings(options);
  const until = performance.now() + LOCKED_MS;
  for (let told = false; ; told = true) {
    const server = await findServer(settings);
    if (server !== null) return local(settings, server, token);
    try {
      return await offline(settings, how);
    } catch (error) {
      const isLocked = error instanceof AppError && error.code === "store:locked";
      if (!isLocked || performance.now() > until) throw error;
      if (!told) how.output.note("Another Hookwright has the database open; waiting for it");
      await delay(LOCKED_AGAIN_MS);
    }
  }
}

/** `given`: a token from the command line; else the one that the server has left for its machine. */
async function local(
  settings: Settings,
  server: LocalServer,
  given: string | undefined,
): Promise<Connection> {
  const { url, api, fetch: request } = server;
  const token = given ?? (await readLocal(settings, "token")) ?? "";
  return running({ url, fetch: request }, createClient({ url: api, token, fetch: request }));
}

const running = (hooks: Connection["hooks"], client: Client): Connection => ({
  client,
  hooks,
  offline: false,
  close: async () => undefined,
});

function remote(url: string, token: string | undefined): Connection {
  if (!URL.canParse(url) || !/^https?:/i.test(url)) {
    throw new CliError(EXIT.usage, `--url ${url}: expected a URL such as https://hooks.example.com`);
  }
  if (token === undefined) {
    throw new CliError(
      EXIT.auth,
      "A server elsewhere needs a token",
      "Give --token, or HOOKWRIGHT_TOKEN in the environment",
    );
  }
  return running({ url: url.replace(/\/+$/, ""), fetch }, createClient({ url, token }));
}

async function offline(settings: Settings, { work, output }: ConnectOptions): Promise<Connection> {
  const logger = createLogger({ level: "warn", pretty: true });
  const server = await serve({
    // For this process alone.
    settings: { ...settings, server: { ...settings.server, tls: null, admin: null } },
    logger,
    work,
    receive: work,
    recover: false,
    listen: { host: "127.0.0.1", port: 0 },
  });
  if (!work) return givingWay({ settings, server, output });
  const client = createClient({ url: server.url, token: server.localToken });
  return {
    client,
    hooks: { url: server.url, fetch },
    offline: true,
    async close() {
      const { items } = await client.listTasks({ state: "RUNNING" });
      if (items.length > 0) output.note(`Waiting for ${items.length} more that had been queued`);
      await server.close();
    },
  };
}

/** Without work, what is on record as running is a dead server's, and there is nothing that a server could not go on with. */
function givingWay({ settings, server, output }: GivingWay): Connection {
  const route = giveWay({ settings, server, output });
  const client = createClient({ url: server.url, token: server.localToken, fetch: route.fetch });
  return { client, hooks: { url: server.url, fetch: route.fetch }, offline: true, close: route.close };
}
