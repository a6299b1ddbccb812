import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { runBatch } from "./batch.ts";
import { openBodyFiles } from "./body-files.ts";
import { createSqliteConnection } from "./connection.ts";
import { openDatabase } from "./database.ts";
import { toWireError, type Reply, type Request } from "./messages.ts";

/** The thread that owns the embedded database. */
function main(): void {
  const port = parentPort;
  if (port === null) throw new Error("this file is the start of a worker thread");
  const { path } = z.object({ path: z.string() }).parse(workerData);
  const reply = (message: Reply): void => port.postMessage(message);
  try {
    const { database, close } = openDatabase(path);
    const bodies = openBodyFiles(`${path}.bodies`);
    const options = { database, bodies, connection: createSqliteConnection(database, bodies) };
    port.on("message", (request: Request) => {
      if ("close" in request) {
        bodies.close();
        close();
        port.close();
        return;
      }
      void runBatch(options, request.calls).then((results) => reply({ type: "results", results }));
    });
    reply({ type: "open" });
  } catch (error) {
    reply({ type: "failed", error: toWireError(asAppError(error, path)) });
    port.close();
  }
}

function asAppError(error: unknown, path: string): AppError {
  if (error instanceof AppError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new AppError("store:unavailable", `The database ${path} can't be opened: ${message}`);
}

main();
