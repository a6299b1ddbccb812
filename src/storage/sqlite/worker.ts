import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { Database } from "better-sqlite3";
import { z } from "zod";
import { type BatchOptions, runBatch } from "./batch.ts";
import { openBodyFiles } from "./body-files.ts";
import { createSqliteConnection } from "./connection.ts";
import { bodiesDir, openDatabase } from "./database.ts";
import { openError } from "./open-error.ts";
import { MOVE_OF, moveRow, refuseMoved } from "../move/move-record.ts";
import { bodiesOf, type Call, type Reply, type Request, toWireError } from "./messages.ts";

/** So that in a burst the first does not wait for the last. */
const MAX_CALLS = 512;

interface Opened extends BatchOptions {
  close(): void;
}

/** The thread that owns the embedded database. */
function main(): void {
  const port = parentPort;
  if (port === null) throw new Error("this file is the start of a worker thread");
  const { path } = z.object({ path: z.string() }).parse(workerData);
  try {
    port.on("message", createAnswering(port, open(path)));
    reply(port, { type: "open" });
  } catch (error) {
    reply(port, { type: "failed", error: toWireError(openError(path, error)) });
    port.close();
  }
}

function open(path: string): Opened {
  const { database, close } = openDatabase(path);
  try {
    refuseMoved(moveRow.parse(database.prepare(MOVE_OF.source).get()), path);
  } catch (error) {
    close();
    throw error;
  }
  const bodies = openBodyFiles({ dir: bodiesDir(path), lastRef: lastBodyRef(database) });
  return {
    database,
    bodies,
    connection: createSqliteConnection(database, bodies),
    close() {
      bodies.close();
      close();
    },
  };
}

function lastBodyRef(database: Database): string | null {
  const query = "select body_ref from deliveries where body_ref <> '' order by seq desc limit 1";
  return z
    .string()
    .nullable()
    .parse(database.prepare(query).pluck().get() ?? null);
}

/**
 * Group commit: whatever has arrived until now becomes one transaction with one fsync. The other thread posts on
 * without waiting, so that neither waits for the other's turn.
 */
function createAnswering(port: MessagePort, opened: Opened): (request: Request) => void {
  const waiting: Request[] = [];
  let busy = false;

  /** The next calls, and whether they are the last. */
  function gather(): { readonly calls: readonly Call[]; readonly closing: boolean } {
    const calls: Call[] = [];
    while (calls.length < MAX_CALLS) {
      const request = waiting.shift() ?? received(port);
      if (request === null) break;
      if ("close" in request) return { calls, closing: true };
      calls.push(...request.calls);
    }
    return { calls, closing: false };
  }

  async function answerAll(): Promise<void> {
    for (;;) {
      const { calls, closing } = gather();
      if (calls.length > 0) await answer(port, opened, calls);
      else if (!closing) return undefined;
      if (closing) return end(port, opened);
    }
  }

  return (request) => {
    waiting.push(request);
    if (busy) return;
    busy = true;
    void answerAll().finally(() => {
      busy = false;
    });
  };
}

async function answer(port: MessagePort, opened: Opened, calls: readonly Call[]): Promise<void> {
  reply(port, { type: "results", results: await runBatch(opened, calls) });
  // At once: the garbage collector, which sees how little this thread keeps itself, would let hundreds of megabytes gather.
  for (const body of bodiesOf(calls)) body.transfer(0);
}

const reply = (port: MessagePort, message: Reply): void => port.postMessage(message);

function received(port: MessagePort): Request | null {
  const found: { message: Request } | undefined = receiveMessageOnPort(port);
  return found?.message ?? null;
}

function end(port: MessagePort, opened: Opened): void {
  opened.close();
  port.close();
}

main();
