import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";
import { AppError } from "../domain/errors.ts";
import type { Task } from "../domain/task.ts";
import { isEnded } from "../domain/task-machine.ts";
import type { App } from "../usecases/app.ts";
import { LIMITS } from "./limits.ts";
import { logEntryToWire, taskToWire } from "./wire/task.ts";

export interface FollowInput {
  readonly taskId: string;
  /** Only log entries with a higher `seq`. */
  readonly after: number;
  readonly reply: FastifyReply;
}

/** Followers of tasks, by Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export interface EventStreams {
  /** Takes over the reply; resolves when the stream has ended. Rejects `server:busy` before that. */
  follow(input: FollowInput): Promise<void>;
  /** Ends all streams; their clients connect again. */
  close(): void;
}

export interface EventStreamsOptions {
  readonly app: Pick<App, "getTask" | "listLog" | "watchTask">;
  /** Instead of those in limits.ts. */
  readonly limits?: Partial<Record<"eventStreams" | "heartbeatMs" | "slowReaderMs", number>>;
}

export function createEventStreams({ app, limits: changed = {} }: EventStreamsOptions): EventStreams {
  const limits = { ...LIMITS, ...changed };
  const open = new Set<AbortController>();
  return {
    async follow({ taskId, after, reply }) {
      if (open.size >= limits.eventStreams) {
        throw new AppError("server:busy", "Too many tasks are being followed", {
          retryAfter: LIMITS.retryAfterSeconds,
        });
      }
      const ended = new AbortController();
      open.add(ended);
      const response = takeOver(reply);
      const stop = (): void => ended.abort();
      response.on("close", stop).on("error", stop);
      try {
        await pump({ app, taskId, after, limits, response, ended: ended.signal });
      } finally {
        open.delete(ended);
        response.end();
      }
    },
    close() {
      for (const controller of open) controller.abort();
    },
  };
}

function takeOver(reply: FastifyReply): ServerResponse {
  // Set by hooks on the reply; the raw response does not know of them.
  const headers = Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined);
  reply.hijack();
  for (const [name, value] of headers) reply.raw.setHeader(name, String(value));
  reply.raw.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    // nginx would hold the lines back otherwise.
    "x-accel-buffering": "no",
  });
  reply.raw.flushHeaders();
  return reply.raw;
}

interface Pump {
  readonly app: Pick<App, "getTask" | "listLog" | "watchTask">;
  readonly taskId: string;
  readonly after: number;
  readonly limits: Readonly<Record<"heartbeatMs" | "slowReaderMs", number>>;
  readonly response: ServerResponse;
  readonly ended: AbortSignal;
}

/** Watches first, then reads: what is stored in between is seen in the next round. */
async function pump(stream: Pump): Promise<void> {
  const { app, taskId, after, limits, ended } = stream;
  const changes = createChanges(ended, limits.heartbeatMs);
  const unwatch = app.watchTask(taskId, changes.notify);
  let seq = after;
  let shown = "";
  try {
    while (!ended.aborted) {
      // The task before its log: when it has ended, its log is complete.
      const task = await app.getTask(taskId);
      seq = await sendLog({ ...stream, after: seq });
      const data = JSON.stringify(taskToWire(task));
      if (data !== shown) await send(stream, `event: task\ndata: ${data}\n\n`);
      shown = data;
      if (isEnded(task.state)) return await send(stream, endEvent(task));
      if (!(await changes.next())) await send(stream, ": still here\n\n");
    }
  } catch (error) {
    // The answer has begun: the client sees the stream end, and comes back with Last-Event-ID.
    if (!(error instanceof AppError)) throw error;
  } finally {
    unwatch();
  }
}

const endEvent = ({ state, outcome }: Task): string =>
  `event: end\ndata: ${JSON.stringify({ state, outcome })}\n\n`;

async function sendLog(stream: Pump): Promise<number> {
  const { app, taskId, after, ended } = stream;
  let seq = after;
  for (;;) {
    const entries = await app.listLog({ taskId, after: seq, limit: LIMITS.logPage });
    for (const entry of entries) {
      const data = JSON.stringify(logEntryToWire(entry));
      await send(stream, `id: ${entry.seq}\nevent: log\ndata: ${data}\n\n`);
      seq = entry.seq;
    }
    if (entries.length < LIMITS.logPage || ended.aborted) return seq;
  }
}

/** Waits for a slow reader instead of filling the memory, but not for ever. */
async function send({ response, ended, limits }: Pump, text: string): Promise<void> {
  if (ended.aborted || response.write(text)) return;
  const tooSlow = setTimeout(() => response.destroy(), limits.slowReaderMs);
  await once(response, "drain", { signal: ended }).catch(() => undefined);
  clearTimeout(tooSlow);
}

interface Changes {
  readonly notify: () => void;
  /** True after a change since the last call, false after a heartbeat's time without one or at the end. */
  next(): Promise<boolean>;
}

function createChanges(ended: AbortSignal, heartbeatMs: number): Changes {
  let changed = false;
  let wake: ((changed: boolean) => void) | null = null;
  const settle = (result: boolean): void => {
    wake?.(result);
    wake = null;
  };
  ended.addEventListener("abort", () => settle(false), { once: true });
  return {
    notify() {
      changed = true;
      settle(true);
    },
    async next() {
      if (!changed && !ended.aborted) {
        await new Promise<boolean>((resolve) => {
          const timer = setTimeout(() => settle(false), heartbeatMs);
          wake = (result) => {
            clearTimeout(timer);
            resolve(result);
          };
        });
      }
      const result = changed;
      changed = false;
      return result;
    },
  };
}
