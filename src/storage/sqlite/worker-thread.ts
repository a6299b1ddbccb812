import { Worker } from "node:worker_threads";
import { AppError } from "../../domain/errors.ts";
import { bodiesOf, fromWireError, type Call, type CallResult, type Reply, type Request } from "./messages.ts";
import { siblingModule } from "../../lib/sibling-module.ts";
import { messageOf } from "../../lib/message-of.ts";

/** A thread with the database open in it. */
export interface DatabaseThread {
  /** Hands calls over; they are answered in this order through `onResults`. */
  post(calls: readonly Call[]): void;
  /** Resolves when all that was posted is done and the database has been closed. */
  close(): Promise<void>;
  /** Resolves when the thread has ended, for whatever reason, with that reason. */
  readonly ended: Promise<string>;
}

export interface StartOptions {
  readonly path: string;
  /** Called with the next results, in the order of the calls. */
  readonly onResults: (results: readonly CallResult[]) => void;
}

/** Rejects with the AppError that says why the database can't be opened. */
export async function startDatabaseThread({ path, onResults }: StartOptions): Promise<DatabaseThread> {
  const worker = new Worker(siblingModule("worker", import.meta.url), {
    workerData: { path },
    // What it keeps is small; without a bound its young generation alone grows to 50 MB.
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  const opening = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  worker.on("message", (reply: Reply) => {
    if (reply.type === "open") opening.resolve();
    else if (reply.type === "failed") opening.reject(fromWireError(reply.error));
    else onResults(reply.results);
  });
  // Said through `ended`; without a listener it would end the process.
  let reason = "it ended";
  worker.on("error", (error) => {
    reason = messageOf(error);
  });
  worker.on("exit", () => {
    opening.reject(new AppError("store:unavailable", `The database thread is gone: ${reason}`));
    ended.resolve(reason);
  });
  const post = (request: Request, transfer: readonly ArrayBuffer[] = []): void =>
    worker.postMessage(request, transfer);

  await opening.promise;
  return {
    post: (calls) => post({ calls }, bodiesOf(calls)),
    async close() {
      post({ close: true });
      await ended.promise;
    },
    ended: ended.promise,
  };
}
