import { resolve } from "node:path";
import { z } from "zod";
import type { KeyPath } from "./problems.ts";
import type { Reading } from "./reading.ts";
import type { AdminListen, TlsSettings } from "./settings.ts";

const LISTEN = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):\d{1,5}$/;

export const listenAddress = () =>
  z.string().regex(LISTEN, "expected an address such as 127.0.0.1:8080 or [::1]:8080");

export const tls = z.strictObject({
  cert: z
    .string()
    .min(1)
    .describe(
      "PEM file of the certificate, and behind it those between it and its authority: certbot's fullchain.pem.",
    ),
  key: z.string().min(1).describe("PEM file of its key, without a passphrase."),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe("PEM file of the certificates between it and its authority, where `cert` does not hold them."),
  min_version: z.enum(["TLSv1.2", "TLSv1.3"]).default("TLSv1.2").describe("Oldest version that is spoken."),
  hsts: z
    .boolean()
    .default(true)
    .describe("Tell browsers to use this host by TLS only (Strict-Transport-Security)."),
});

export const admin = z.strictObject({
  listen: listenAddress()
    .optional()
    .describe("Address and port, such as 127.0.0.1:9090; speaks TLS where the server does."),
  socket: z.string().min(1).optional().describe("Instead: path of a unix socket, for this account alone."),
});

export function readTls(
  { dir }: Pick<Reading, "dir">,
  given: z.output<typeof tls> | undefined,
): TlsSettings | null {
  if (given === undefined) return null;
  const { cert, key, ca, min_version: minVersion, hsts } = given;
  return {
    cert: resolve(dir, cert),
    key: resolve(dir, key),
    ca: ca === undefined ? null : resolve(dir, ca),
    minVersion,
    hsts,
  };
}

const ADMIN_PATH: KeyPath = ["server", "admin"];

export function readAdmin(
  { dir, findings }: Pick<Reading, "dir" | "findings">,
  given: z.output<typeof admin> | undefined,
): AdminListen | null {
  if (given === undefined) return null;
  const { listen, socket } = given;
  if ((listen === undefined) === (socket === undefined)) {
    findings.report({ path: ADMIN_PATH, message: "expected one of listen and socket" });
  }
  if (listen === undefined) return { socket: resolve(dir, socket ?? "") };
  const address = readListen(listen);
  if (address.port > 65_535) {
    findings.report({
      path: [...ADMIN_PATH, "listen"],
      message: "the port must be a number from 0 to 65535",
    });
  }
  return { socket: null, ...address };
}

/** `[::1]:8080` → `::1` and 8080. */
export function readListen(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(":");
  return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port: Number(text.slice(colon + 1)) };
}
