import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { LIMITS } from "./limits.ts";
import type { TlsKeeper } from "./tls.ts";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface NodeServerOptions {
  readonly requestTimeoutMs: number;
  /** Null: plain HTTP. */
  readonly tls: TlsKeeper | null;
  readonly onRequest: Handler;
  /** The sender asks before it sends its body. Default: it may, and then as `onRequest`. */
  readonly onContinue?: Handler;
}

/** Node's own server with our bounds. */
export function createNodeServer(options: NodeServerOptions): Server {
  const { tls, requestTimeoutMs, onRequest, onContinue = continued(onRequest) } = options;
  const bounds = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(LIMITS.headersMs, requestTimeoutMs),
    connectionsCheckingInterval: Math.min(LIMITS.timeoutCheckMs, Math.max(50, requestTimeoutMs / 4)),
    keepAliveTimeout: LIMITS.keepAliveMs,
    maxHeaderSize: LIMITS.headerBytes,
    // A header that is sent twice must not be dropped in silence.
    joinDuplicateHeaders: true,
  };
  if (tls === null) return createServer(bounds, onRequest).on("checkContinue", onContinue);
  const secure = { ...bounds, ...tls.current().options, handshakeTimeout: LIMITS.headersMs };
  const server = createTlsServer(secure, onRequest);
  tls.serve(server);
  return server.on("checkContinue", onContinue);
}

const continued =
  (onRequest: Handler): Handler =>
  (request, response) => {
    response.writeContinue();
    onRequest(request, response);
  };
