import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../lib/logger.ts";
import { LOCAL_FILES } from "../domain/local-files.ts";

/** Where a server is, for tools on its machine. */
export interface LocalAddress {
  /** Where webhooks come to. */
  readonly url: string;
  /** Of its API; may be the same. */
  readonly api: string;
  /** PEM; null: it speaks no TLS. */
  readonly certificate: string | null;
}

/** Tells tools on this machine of a running server, and of what changes. Never rejects: tools can be told by hand. */
export interface Whereabouts {
  /** Nothing is told before it is known where the server listens. */
  tell(news: Partial<LocalAddress>): Promise<void>;
  /** At the server's end. */
  forget(): Promise<void>;
}

export function createWhereabouts({
  dir,
  logger,
}: {
  readonly dir: string;
  readonly logger: Logger;
}): Whereabouts {
  let known: LocalAddress | null = null;
  return {
    async tell(news) {
      const { url = known?.url, api = known?.api, certificate = known?.certificate ?? null } = news;
      if (url === undefined || api === undefined) return;
      known = { url, api, certificate };
      await writeLocalAddress(dir, known).catch((error: unknown) => {
        logger.warn({ err: error }, "The command-line tools won't find this server by themselves");
      });
    },
    async forget() {
      if (known !== null) await removeLocalAddress(dir, known);
    },
  };
}

/** Says where the server listens, whatever `--listen` or port 0 made of it. */
export async function writeLocalAddress(dir: string, address: LocalAddress): Promise<void> {
  const { certificate } = address;
  // First: a tool that finds the new address must find its certificate.
  if (certificate === null) await rm(join(dir, LOCAL_FILES.certificate), { force: true });
  else await replace(join(dir, LOCAL_FILES.certificate), certificate);
  await replace(join(dir, LOCAL_FILES.url), textOf(address));
}

/** Unless another server has put its own there meanwhile. */
export async function removeLocalAddress(
  dir: string,
  address: Pick<LocalAddress, "url" | "api">,
): Promise<void> {
  const file = join(dir, LOCAL_FILES.url);
  const known = await readFile(file, "utf8").catch(() => "");
  if (known !== textOf(address)) return;
  await rm(file, { force: true });
  await rm(join(dir, LOCAL_FILES.certificate), { force: true });
}

const textOf = ({ url, api }: Pick<LocalAddress, "url" | "api">): string =>
  api === url ? `${url}\n` : `${url}\n${api}\n`;

async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
