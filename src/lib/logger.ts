import { type DestinationStream, type Logger, pino } from "pino";
import { prettyLog } from "./pretty-log.ts";

export type { Logger };

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** By `LOG_LEVEL`; default `info`. */
export function levelOf({ LOG_LEVEL: level = "info" }: NodeJS.ProcessEnv): LogLevel {
  return LOG_LEVELS.find((known) => known === level.toLowerCase()) ?? "info";
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** One readable line per entry, for people at a terminal, instead of JSON. */
  readonly pretty?: boolean | undefined;
  /** Default: standard error, so that standard output stays free for a command's result. */
  readonly destination?: DestinationStream | undefined;
}

/** Header and field names whose values are never logged, wherever an object that holds them gets logged. */
const REDACTED = ["authorization", "cookie", "token", "secret", "password"];

/**
 * The logger; every part of the product gets it passed in.
 *
 * @example createLogger({ level: "info", pretty: process.stderr.isTTY })
 */
export function createLogger({ level, pretty: readable = false, destination }: LoggerOptions): Logger {
  const target = destination ?? pino.destination({ fd: 2, sync: true });
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: REDACTED.flatMap((name) => [name, `*.${name}`]), censor: "[hidden]" },
  };
  return pino(options, readable ? prettyLog(target) : target);
}
