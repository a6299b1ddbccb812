import type { Logger } from "../lib/logger.ts";
import type { TlsFiles } from "../lib/tls-pair.ts";
import type { Settings } from "../settings/settings.ts";
import type { TlsKeeper, TlsKeeperOptions } from "./tls.ts";

export interface OpenTlsOptions extends Pick<TlsKeeperOptions, "onChange"> {
  readonly settings: () => Settings;
  readonly logger: Logger;
}

/** Null where the settings have no TLS; then nothing of it is loaded. Rejects `server:tls`. */
export async function openTls({ settings, logger, onChange }: OpenTlsOptions): Promise<TlsKeeper | null> {
  const { tls } = settings().server;
  if (tls === null) return null;
  const { createTlsKeeper } = await import("./tls.ts");
  const files = (): TlsFiles => settings().server.tls ?? tls;
  return createTlsKeeper({ files, logger, onChange });
}
