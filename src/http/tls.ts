import { unwatchFile, watchFile } from "node:fs";
import type { Server } from "node:tls";
import { AppError } from "../domain/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { readTlsPair, type TlsFiles, type TlsPair } from "../lib/tls-pair.ts";
import { messageOf } from "../lib/message-of.ts";

/** The certificate in use, kept as its files are. */
export interface TlsKeeper {
  readonly current: () => TlsPair;
  /** Gives a server each new pair; connections that are open keep theirs. */
  serve(server: Server): void;
  /** Looks at the files now. Never rejects: a pair that is no good is logged, and the old one stays. */
  look(): Promise<void>;
  stop(): void;
}

export interface TlsKeeperOptions {
  /** Asked at each look, so that reloaded settings count. */
  readonly files: () => TlsFiles;
  readonly logger: Logger;
  /** Called after each change. */
  readonly onChange: (pair: TlsPair) => void;
}

const POLL_MS = 500;
/** Longer than between two writes: a certificate and its key are two files. */
const QUIET_MS = 300;

/** Rejects `server:tls` when the first pair is no good. */
export async function createTlsKeeper({ files, logger, onChange }: TlsKeeperOptions): Promise<TlsKeeper> {
  const servers: Server[] = [];
  let pair = await readTlsPair(files()).catch((error: unknown) => {
    throw new AppError("server:tls", messageOf(error), { cause: error });
  });
  let watched: readonly string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let said = "";
  warnOfEnd(pair, logger);
  watch();

  /** Also where a link on the way to them leads elsewhere, as certbot does it. */
  function watch(): void {
    const { cert, key, ca } = files();
    const wanted = [cert, key, ...(ca === null ? [] : [ca])];
    for (const file of watched) if (!wanted.includes(file)) unwatchFile(file, lookSoon);
    for (const file of wanted) {
      if (!watched.includes(file)) watchFile(file, { interval: POLL_MS, persistent: false }, lookSoon);
    }
    watched = wanted;
  }

  function lookSoon(): void {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), QUIET_MS);
  }

  async function look(): Promise<void> {
    watch();
    try {
      const next = await readTlsPair(files());
      said = "";
      if (JSON.stringify(next.options) === JSON.stringify(pair.options)) return;
      pair = next;
      for (const server of servers) server.setSecureContext(pair.options);
      logger.info({ fingerprint: pair.fingerprint, validTo: pair.validTo }, "A new certificate is in use");
      warnOfEnd(pair, logger);
      onChange(pair);
    } catch (error) {
      const message = messageOf(error);
      if (message !== said) logger.error(`The new certificate is refused, the old one stays: ${message}`);
      said = message;
    }
  }

  return {
    current: () => pair,
    serve: (server) => void servers.push(server),
    look,
    stop() {
      clearTimeout(timer);
      for (const file of watched) unwatchFile(file, lookSoon);
    },
  };
}

function warnOfEnd({ validTo }: TlsPair, logger: Logger): void {
  if (validTo.getTime() < Date.now()) logger.warn({ validTo }, "The server's certificate has expired");
}
