import { once } from "node:events";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { DeployEntry } from "../../../domain/deploy.ts";
import { AppError } from "../../../domain/errors.ts";
import type { Logger } from "../../../lib/logger.ts";
import { LIMITS } from "../../limits.ts";
import { takeOver } from "../../sse.ts";
import { type EntryOptions, entryToWire } from "./entries.ts";
import { errorBody } from "./errors.ts";

/** What may be told when the answer has begun: that the time is up, or that it can't go on. */
const told = (error: unknown): AppError =>
  error instanceof AppError && error.code === "status:changes:timeout"
    ? error
    : new AppError("status:changes:fatal");

export interface ChangesStream {
  send(entry: DeployEntry): Promise<void>;
  beat(): Promise<void>;
  end(): Promise<void>;
  /** Rejects with it where the answer has not begun; else it is the last line. */
  fail(error: unknown): Promise<void>;
  readonly sent: number;
}

export interface ChangesStreamOptions extends EntryOptions {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly logger: Logger;
  /** A follower sees at once that it is connected; one that polls may still get a status. */
  readonly atOnce: boolean;
  readonly ended: AbortSignal;
}

/** One JSON object a line; empty lines where nothing happens. */
export function createChangesStream(options: ChangesStreamOptions): ChangesStream {
  const { request, reply, logger, atOnce, ended } = options;
  let begun = false;
  let sent = 0;

  function begin(): void {
    if (begun) return;
    begun = true;
    takeOver(reply, { "content-type": "application/json; charset=utf-8" });
  }

  async function write(text: string): Promise<void> {
    begin();
    if (ended.aborted && reply.raw.destroyed) return;
    if (reply.raw.write(text)) return;
    const tooSlow = setTimeout(() => reply.raw.destroy(), LIMITS.slowReaderMs);
    await once(reply.raw, "drain", { signal: ended }).catch(() => undefined);
    clearTimeout(tooSlow);
  }

  if (atOnce) begin();
  return {
    async send(entry) {
      await write(`${JSON.stringify(await entryToWire(options, entry))}\n`);
      sent += 1;
    },
    beat: () => write("\n"),
    async end() {
      begin();
      reply.raw.end();
    },
    async fail(error) {
      if (!begun) throw error;
      const shown = told(error);
      if (shown.code === "status:changes:fatal")
        logger.warn({ requestId: request.id, err: error }, "A follower was let go");
      await write(`${JSON.stringify(errorBody(shown, request.id))}\n`);
      reply.raw.end();
    },
    get sent() {
      return sent;
    },
  };
}
