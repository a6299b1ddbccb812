import { Writable } from "node:stream";
import { createLogger, type Logger, type LogLevel } from "../../src/lib/logger.ts";

/** A real logger, and the lines that it has written. */
export function logLines(level: LogLevel): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  return { logger: createLogger({ level, destination }), lines };
}
