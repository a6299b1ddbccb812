import type { IncomingMessage, ServerResponse } from "node:http";
import type { AppError } from "../../domain/errors.ts";
import { identityHeaders } from "../identity.ts";
import { LIMITS } from "../limits.ts";
import { PROBLEM_TYPE, problemHeaders, toProblem } from "../problems.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function problemAnswer(error: AppError, requestId: string): Answer {
  return {
    status: error.status,
    headers: { ...identityHeaders(requestId), ...problemHeaders(error), "content-type": PROBLEM_TYPE },
    body: JSON.stringify(toProblem(error, requestId)),
  };
}

/** Answers a request whose body has been read to its end. */
export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body);
}

/**
 * Answers a request whose body is still arriving, and closes the connection. The answer goes out whole at once, but the
 * response is ended only when the rest of the body has been dropped (within bounds): closing earlier would reset the
 * connection, and the sender would see that instead of the answer.
 */
export function sendEarly(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { status, headers, body } = answer;
  const length = Buffer.byteLength(body);
  response.writeHead(status, { ...headers, "content-length": length, connection: "close" });
  response.write(body);
  drop(request, () => response.end());
}

function drop(request: IncomingMessage, done: () => void): void {
  if (request.complete || request.destroyed) return done();
  let left: number = LIMITS.drainBytes;
  const timer = setTimeout(finish, LIMITS.drainMs);

  function finish(): void {
    clearTimeout(timer);
    request.off("data", onData).off("end", finish).off("close", finish);
    done();
  }
  function onData(chunk: Buffer): void {
    left -= chunk.length;
    if (left < 0) finish();
  }

  request.on("data", onData).on("end", finish).on("close", finish);
  request.resume();
}
