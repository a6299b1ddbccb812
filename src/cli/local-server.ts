import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { LOCAL_FILES } from "../domain/local-files.ts";
import type { Settings } from "../settings/settings.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { messageOf } from "../lib/message-of.ts";

/** A server that runs on this machine, as it has told in its data folder. */
export interface LocalServer {
  /** Where webhooks come to. */
  readonly url: string;
  /** Of its API. */
  readonly api: string;
  /** Reaches both, and takes no other server for it. */
  readonly fetch: typeof fetch;
}

const UNIX = "unix:";
/** On a socket no host is named; any will do. */
const ON_SOCKET = "http://localhost";

/** Where the server of these settings is; null when none runs. */
export async function findServer(settings: Settings): Promise<LocalServer | null> {
  const told = await readLocal(settings, "url");
  if (told === null) return null;
  const [url = "", api = url] = told.split("\n");
  const certificate = await readLocal(settings, "certificate");
  const socketPath = api.startsWith(UNIX) ? api.slice(UNIX.length) : undefined;
  const server = {
    url,
    api: socketPath === undefined ? api : ON_SOCKET,
    fetch: await fetchFor({ certificate, socketPath }),
  };
  return (await answers(server)) ? server : null;
}

interface Way {
  /** PEM; null: it speaks no TLS. */
  readonly certificate: string | null;
  readonly socketPath: string | undefined;
}

async function fetchFor({ certificate, socketPath }: Way): Promise<typeof fetch> {
  if (certificate === null && socketPath === undefined) return fetch;
  const { createLocalFetch } = await import("../lib/local-fetch.ts");
  const direct = createLocalFetch({ certificate: certificate ?? undefined });
  if (socketPath === undefined) return direct;
  const bySocket = createLocalFetch({ socketPath });
  return (input, init) => (urlOf(input).startsWith(`${ON_SOCKET}/`) ? bySocket : direct)(input, init);
}

/** For a command that outlives certificates: looks at each call which one the server has told. */
export function fetchByFile(settings: Settings): typeof fetch {
  let made: { readonly certificate: string | null; readonly fetch: typeof fetch } | null = null;
  return async (input, init) => {
    const certificate = await readLocal(settings, "certificate");
    if (made === null || made.certificate !== certificate) {
      made = { certificate, fetch: await fetchFor({ certificate, socketPath: undefined }) };
    }
    return made.fetch(input, init);
  };
}

export function urlOf(input: Parameters<typeof fetch>[0]): string {
  return input instanceof Request ? input.url : String(input);
}

async function answers({ api, fetch: request }: LocalServer): Promise<boolean> {
  try {
    const response = await request(`${api}/healthz`, { signal: AbortSignal.timeout(3_000) });
    return response.headers.has("x-api-version");
  } catch {
    return false;
  }
}

/** What the server has written into its data folder for tools of its own account; null when there is nothing. */
export async function readLocal(
  { dataDir }: Settings,
  which: keyof typeof LOCAL_FILES,
): Promise<string | null> {
  const file = join(dataDir, LOCAL_FILES[which]);
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new CliError(
      EXIT.auth,
      `${file} can't be read: ${messageOf(error)}`,
      "Run this as the server's account, or give --url and --token",
    );
  }
}
