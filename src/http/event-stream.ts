import type { FastifyReply } from "fastify";
import { AppError } from "../domain/errors.ts";
import type { Task } from "../domain/task.ts";
import { isEnded } from "../domain/task-machine.ts";
import type { App } from "../usecases/app.ts";
import { LIMITS } from "./limits.ts";
import { pumpLive } from "./live-stream.ts";
import { type LogPlace, sendLog } from "./send-log.ts";
import {
  createChanges,
  EVENT_STREAM,
  type EventStream,
  eventText,
  everyWhile,
  send,
  STILL_HERE,
  takeOver,
} from "./sse.ts";
import { taskToWire } from "./wire/task.ts";

interface StreamInput {
  readonly reply: FastifyReply;
  /** Asked now and then; the stream ends when it rejects: a token may be revoked meanwhile. */
  readonly check: () => Promise<unknown>;
}

export interface FollowInput extends StreamInput, LogPlace {}

export interface LiveInput extends StreamInput {
  /** The task whose log is sent too. */
  readonly log: LogPlace | null;
  /** Whether its reader may be told of a task. */
  readonly sees: (task: Task) => boolean;
}

/** Those who are told what happens as it happens. Each call takes over the reply, and resolves when the stream has ended. */
export interface EventStreams {
  /** One task, with its log. Rejects `server:busy` before it takes over. */
  follow(input: FollowInput): Promise<void>;
  /** All tasks and deliveries. Rejects `server:busy` before it takes over. */
  live(input: LiveInput): Promise<void>;
  /** Ends all streams; their clients connect again. */
  close(): void;
}

export interface EventStreamsOptions {
  readonly app: Pick<App, "getTask" | "listLog" | "watchTask" | "watchAll">;
  /** Instead of those in limits.ts. */
  readonly limits?: Partial<Record<"eventStreams" | "heartbeatMs" | "slowReaderMs", number>>;
}

export function createEventStreams({ app, limits: changed = {} }: EventStreamsOptions): EventStreams {
  const limits = { ...LIMITS, ...changed };
  const { heartbeatMs, slowReaderMs } = limits;
  const open = new Set<AbortController>();

  async function stream(reply: FastifyReply, tell: (stream: EventStream) => Promise<void>): Promise<void> {
    if (open.size >= limits.eventStreams) {
      throw new AppError("server:busy", "Too many tasks are being followed", {
        retryAfter: LIMITS.retryAfterSeconds,
      });
    }
    const ended = new AbortController();
    open.add(ended);
    const response = takeOver(reply, EVENT_STREAM);
    const stop = (): void => ended.abort();
    response.on("close", stop).on("error", stop);
    try {
      await tell({ response, ended: ended.signal, slowReaderMs });
    } catch (error) {
      // The answer has begun: the client sees the stream end, and comes back.
      if (!(error instanceof AppError)) throw error;
    } finally {
      open.delete(ended);
      response.end();
    }
  }

  return {
    follow: ({ reply, ...input }) => stream(reply, (to) => pump({ ...to, ...input, app, heartbeatMs })),
    live: ({ reply, ...input }) => stream(reply, (to) => pumpLive({ ...to, ...input, app, heartbeatMs })),
    close() {
      for (const controller of open) controller.abort();
    },
  };
}

interface Pump extends EventStream, LogPlace {
  readonly app: Pick<App, "getTask" | "listLog" | "watchTask">;
  readonly check: () => Promise<unknown>;
  readonly heartbeatMs: number;
}

/** Watches first, then reads: what is stored in between is seen in the next round. */
async function pump(stream: Pump): Promise<void> {
  const { app, taskId, after, heartbeatMs, ended, check } = stream;
  const changes = createChanges(ended, heartbeatMs);
  const checkNowAndThen = everyWhile(heartbeatMs, check);
  const unwatch = app.watchTask(taskId, changes.notify);
  let seq = after;
  let shown = "";
  try {
    while (!ended.aborted) {
      // The task before its log: when it has ended, its log is complete.
      const task = await app.getTask(taskId);
      seq = await sendLog(stream, app, { taskId, after: seq });
      const data = JSON.stringify(taskToWire(task));
      if (data !== shown) await send(stream, eventText("task", data));
      shown = data;
      if (isEnded(task.state)) return await send(stream, endEvent(task));
      if (!(await changes.next())) await send(stream, STILL_HERE);
      await checkNowAndThen();
    }
  } finally {
    unwatch();
  }
}

const endEvent = ({ state, outcome }: Task): string => eventText("end", JSON.stringify({ state, outcome }));
