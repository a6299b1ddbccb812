import type { Socket } from "node:net";
import { AppError, type ErrorCode } from "../domain/errors.ts";
import { identityHeaders, newRequestId } from "./identity.ts";
import { LIMITS } from "./limits.ts";
import { PROBLEM_TYPE, toProblem } from "./problems.ts";

const CLIENT_ERRORS: Readonly<Record<string, { readonly code: ErrorCode; readonly detail: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { code: "body:timeout", detail: "The request did not arrive in time" },
  HPE_HEADER_OVERFLOW: { code: "request:invalid", detail: "The headers are too large" },
};

/** For what is not even HTTP, or comes too slowly: there is no request to answer, only a connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  const { code, detail } = CLIENT_ERRORS[error.code ?? ""] ?? {
    code: "request:invalid",
    detail: "This is no valid HTTP",
  };
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const id = newRequestId();
  const known = new AppError(code, detail);
  const body = JSON.stringify(toProblem(known, id));
  const headers = { ...identityHeaders(id), "content-type": PROBLEM_TYPE, connection: "close" };
  // Until the client closes its side too, all that it has sent is kept; and it need never do so.
  const linger = setTimeout(() => socket.destroy(), LIMITS.lingerMs);
  socket.once("close", () => clearTimeout(linger));
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${known.status} ${known.title}\r\n${lines.join("")}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
