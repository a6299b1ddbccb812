import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { createClient, type Client } from "../client/client.ts";
import { createLogger } from "../lib/logger.ts";
import { loadDotenv } from "../settings/dotenv.ts";
import { settingsFromEnvironment } from "../settings/environment.ts";
import { loadSettings } from "../settings/load.ts";
import type { Settings } from "../settings/settings.ts";
import { CliError, EXIT } from "./exit-codes.ts";
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
  /** True when this process serves itself, because no server runs. */
  readonly offline: boolean;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Whether a server that has to be started for this may run tasks. */
  readonly work: boolean;
}

/** The settings file that a command works with, the `.env` beside it taken into account. Rejects `settings:*`. */
export async function readSettings({
  settings: file = DEFAULT_FILE,
}: Pick<GlobalOptions, "settings">): Promise<Settings> {
  loadDotenv(dirname(resolve(file)));
  if (existsSync(file)) return loadSettings({ file: resolve(file), env: process.env });
  const fromEnvironment = file === DEFAULT_FILE ? settingsFromEnvironment(process.env) : null;
  if (fromEnvironment !== null) return fromEnvironment;
  throw new CliError(EXIT.usage, `There is no ${file} here`, "Make one with: hookwright init");
}

/** A client of the running server; where none runs on this machine, one is started in this process. */
export async function connect(options: GlobalOptions, { work }: ConnectOptions): Promise<Connection> {
  const given = options.url ?? process.env["HOOKWRIGHT_URL"];
  const token = options.token ?? process.env["HOOKWRIGHT_TOKEN"];
  if (given !== undefined) return remote(given, token);
  const settings = await readSettings(options);
  const url = urlOf(settings);
  if (await answers(url)) {
    return {
      client: createClient({ url, token: token ?? (await localToken(settings)) }),
      offline: false,
      close: async () => undefined,
    };
  }
  const logger = createLogger({ level: "warn", pretty: true });
  const server = await serve({ settings, logger, work, listen: { host: "127.0.0.1", port: 0 } });
  const client = createClient({ url: server.url, token: server.localToken });
  return { client, offline: true, close: () => server.close() };
}

function remote(url: string, token: string | undefined): Connection {
  if (token === undefined) {
    throw new CliError(
      EXIT.auth,
      "A server elsewhere needs a token",
      "Give --token, or HOOKWRIGHT_TOKEN in the environment",
    );
  }
  return { client: createClient({ url, token }), offline: false, close: async () => undefined };
}

/** Where a server with these settings is reached from this machine. */
export function urlOf({ server: { host, port } }: Pick<Settings, "server">): string {
  const local = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${local.includes(":") ? `[${local}]` : local}:${port}`;
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(3_000) });
    return response.headers.has("x-api-version");
  } catch {
    return false;
  }
}

async function localToken({ dataDir }: Settings): Promise<string> {
  const file = join(dataDir, "local-token");
  const text = await readFile(file, "utf8").catch(() => null);
  if (text !== null) return text.trim();
  throw new CliError(
    EXIT.auth,
    `The server's own token can't be read from ${file}`,
    "Run this as the server's account, or give --token",
  );
}
