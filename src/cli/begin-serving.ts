import { createLogger, levelOf, type Logger, type LogLevel } from "../lib/logger.ts";
import { findOpenFiles, formatOpenFile } from "../settings/file-modes.ts";
import type { Settings } from "../settings/settings.ts";
import type { Context } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import type { ListenAddress } from "./inputs.ts";
import { serve, type RunningServer } from "./serve.ts";
import { colors } from "./terminal.ts";

export interface BeginOptions {
  readonly settings: Settings;
  /** Instead of the settings' address. */
  readonly listen?: ListenAddress | undefined;
  /** Which part it takes among the servers on one store. */
  readonly node?: NodeOptions;
  /** Default: by LOG_LEVEL. */
  readonly level?: LogLevel;
}

export interface NodeOptions {
  readonly name: string | undefined;
  readonly labels: readonly string[];
  readonly receive: boolean;
  readonly work: boolean;
}

export interface Serving {
  readonly server: RunningServer;
  readonly logger: Logger;
}

/** Starts serving in this process, with signals, and its log for people at a terminal. */
export async function beginServing(
  { options, output }: Context,
  { settings, listen, node, level = levelOf(process.env) }: BeginOptions,
): Promise<Serving> {
  for (const warning of await warningsOf(settings)) output.note(`${colors.yellow("warning")}: ${warning}`);
  const logger = createLogger({ level, pretty: process.stderr.isTTY && !options.json });
  const server = await serve({ settings, logger, signals: true, ...(listen && { listen }), ...node });
  return { server, logger };
}

const ROOT_WARNING =
  "RUNNING AS ROOT: every step, and whoever finds a way into this process, may do everything on this machine. Give the server an account of its own, or the actions (`user`, docs/hardening.md)";

async function warningsOf(settings: Settings): Promise<string[]> {
  const open = await findOpenFiles(settings);
  return [
    ...settings.warnings,
    ...open.map(formatOpenFile),
    ...(process.getuid?.() === 0 ? [ROOT_WARNING] : []),
  ];
}

/** Ends the process when the server has ended: a command that could not be ended must not keep it. */
export async function endWith({ closed }: Pick<RunningServer, "closed">): Promise<never> {
  await closed;
  process.exit(EXIT.ok);
}
