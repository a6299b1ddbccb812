// Preloaded into a server (`node --import`): kills it at one exact point, chosen by KILL_POINT. Works from outside, on the
// messages between the server's thread and the database's, so that the server itself knows nothing of it.
import { isMainThread, Worker } from "node:worker_threads";

/** Each comes when the database's transaction has been committed, and before anybody has been told. */
const POINTS: Readonly<Record<string, (value: unknown) => boolean>> = {
  /** A delivery has been stored. */
  stored: (value) => hasKey(value, "deliveryId"),
  /** A task has been claimed. */
  claimed: (value) => Array.isArray(value) && value.some((each) => hasKey(each, "settingsDigest")),
  /** A task has been stopped: its undos are next. */
  stopped: (value) => hasKey(value, "state") && value["state"] === "CANCELLING",
  /** A task has ended. */
  completed: (value) => hasKey(value, "state") && value["state"] === "COMPLETED",
};

function hasKey(value: unknown, key: string): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && key in value;
}

/** Each comes before a call is handed over to the database's thread. */
const CALLS: Readonly<Record<string, string>> = {
  /** A kept delivery has been stored elsewhere, and is about to be removed here. */
  forwarded: "removeDelivery",
};

const callPoint = CALLS[process.env["KILL_POINT"] ?? ""];
if (isMainThread && callPoint !== undefined) {
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function postOrDie(
    this: Worker,
    message: unknown,
    transfer?: Parameters<typeof post>[1],
  ): void {
    if (callsOf(message).includes(callPoint)) process.kill(process.pid, "SIGKILL");
    post.call(this, message, transfer);
  };
}

function callsOf(message: unknown): unknown[] {
  if (!hasKey(message, "calls") || !Array.isArray(message["calls"])) return [];
  return message["calls"].map((call: unknown) => (hasKey(call, "name") ? call["name"] : null));
}

const isPoint = POINTS[process.env["KILL_POINT"] ?? ""];
if (isMainThread && isPoint !== undefined) {
  const emit = Worker.prototype.emit;
  Worker.prototype.emit = function emitOrDie(
    this: Worker,
    name: string | symbol,
    ...args: unknown[]
  ): boolean {
    if (name === "message" && resultsOf(args[0]).some(isPoint)) process.kill(process.pid, "SIGKILL");
    return emit.call(this, name, ...args);
  };
}

function resultsOf(message: unknown): unknown[] {
  if (!hasKey(message, "results") || !Array.isArray(message["results"])) return [];
  return message["results"].map((result: unknown) => (hasKey(result, "value") ? result["value"] : null));
}
