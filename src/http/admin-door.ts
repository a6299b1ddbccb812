import { rm } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { connect } from "node:net";
import { AppError } from "../domain/errors.ts";
import type { AdminListen, Settings } from "../settings/settings.ts";
import { isAdminPath } from "./admin-paths.ts";
import { answerClientError } from "./client-errors.ts";
import { newRequestId } from "./identity.ts";
import { problemAnswer, send, sendEarly } from "./intake/answer.ts";
import { pathOf } from "./intake/intake.ts";
import { LIMITS } from "./limits.ts";
import { listenError, urlOf } from "./listen.ts";
import { createNodeServer, type Handler } from "./node-server.ts";
import type { TlsKeeper } from "./tls.ts";
import { trackUnused } from "./unused-connections.ts";
import { messageOf } from "../lib/message-of.ts";

/** The listener for those who run the server, apart from the one that everybody reaches. */
export interface AdminDoor {
  /** What answers behind it. */
  opens(handler: Handler): void;
  /** Its URL, or `unix:/PATH`; null where the settings have none. Rejects `server:listen`. */
  listen(): Promise<string | null>;
  close(): Promise<void>;
}

export interface AdminDoorOptions {
  readonly settings: () => Settings;
  /** Of a port; a socket is this machine's and needs none. */
  readonly tls: TlsKeeper | null;
}

export function createAdminDoor({ settings, tls }: AdminDoorOptions): AdminDoor {
  const { admin, requestTimeoutMs } = settings().server;
  let handler: Handler = answerNothing;
  if (admin === null)
    return { opens: () => undefined, listen: async () => null, close: async () => undefined };
  const server = createNodeServer({
    requestTimeoutMs,
    tls: admin.socket === null ? tls : null,
    onRequest: (request, response) => answerAdmin(handler, request, response),
  });
  server.on("clientError", answerClientError);
  const endUnused = trackUnused(server);
  return {
    opens(behind) {
      handler = behind;
    },
    async listen() {
      if (admin.socket !== null) return listenOnSocket(server, admin.socket);
      await startListening(server, admin);
      return urlOf(server);
    },
    async close() {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      endUnused();
      server.closeIdleConnections();
      const force = setTimeout(() => server.closeAllConnections(), LIMITS.closeMs);
      await closed;
      clearTimeout(force);
    },
  };
}

/** On the public side those paths are as good as not there. */
export const withoutAdmin =
  (handler: Handler): Handler =>
  (request, response) => {
    if (isAdminPath(pathOf(request.url))) answerNothing(request, response);
    else handler(request, response);
  };

function answerAdmin(handler: Handler, request: IncomingMessage, response: ServerResponse): void {
  const path = pathOf(request.url);
  if (isAdminPath(path)) handler(request, response);
  else if (path === "/" && request.method === "GET") response.writeHead(302, { location: "/ui/" }).end();
  else answerNothing(request, response);
}

function answerNothing(request: IncomingMessage, response: ServerResponse): void {
  const nothing = new AppError(
    "request:not_found",
    `There is nothing at ${request.method ?? ""} ${pathOf(request.url)}`,
  );
  const answer = problemAnswer(nothing, newRequestId());
  if (request.complete) send(response, answer);
  else sendEarly(request, response, answer);
}

type PortListen = Extract<AdminListen, { readonly socket: null }>;

async function startListening(server: Server, { host, port }: PortListen): Promise<void> {
  await listening(server, () => server.listen({ host, port })).catch((error: unknown) => {
    throw listenError(error, { host, port });
  });
}

/** For this account alone. What a server that was killed has left is put out of the way; a living one's is not. */
async function listenOnSocket(server: Server, path: string): Promise<string> {
  try {
    await bind(server, path).catch(async (error: unknown) => {
      if (!isInUse(error) || (await answers(path))) throw error;
      await rm(path);
      await bind(server, path);
    });
  } catch (error) {
    const reason = isInUse(error) ? "another server has it" : messageOf(error);
    throw new AppError("server:listen", `Can't listen on ${path}: ${reason}`, { cause: error });
  }
  return `unix:${path}`;
}

function bind(server: Server, path: string): Promise<void> {
  return listening(server, () => {
    // Node makes the socket within this call: it is never open to others, not even for a moment.
    const before = process.umask(0o177);
    try {
      server.listen({ path });
    } finally {
      process.umask(before);
    }
  });
}

function listening(server: Server, begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
    begin();
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

const isInUse = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "EADDRINUSE";
