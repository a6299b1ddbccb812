import type { Server } from "node:http";
import { Server as TlsServer } from "node:tls";
import { AppError } from "../domain/errors.ts";
import { messageOf } from "../lib/message-of.ts";

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** URLs without a trailing slash. */
export interface Listening {
  /** Of webhooks and compatible APIs. */
  readonly url: string;
  /** Of our own API and the dashboard: the same, or `server.admin`'s, which may be `unix:/PATH`. */
  readonly api: string;
}

/** Where the server listens, without a trailing slash. */
export function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error("the server does not listen on a port");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `${server instanceof TlsServer ? "https" : "http"}://${host}:${address.port}`;
}

const LISTEN_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program uses that port; stop it, or set server.listen",
  EACCES: "this account may not use that port; take one above 1023",
  EADDRNOTAVAIL: "this machine has no such address",
};

export function listenError(error: unknown, { host, port }: ListenAddress): AppError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = LISTEN_REASONS[code] ?? messageOf(error);
  return new AppError("server:listen", `Can't listen on ${host}:${port}: ${reason}`, { cause: error });
}
