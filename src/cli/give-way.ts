import { setTimeout as delay } from "node:timers/promises";
import type { Settings } from "../settings/settings.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { inWords } from "./invocation.ts";
import { findServer, readLocal, urlOf } from "./local-server.ts";
import type { Output } from "./output.ts";
import type { RunningServer } from "./serve.ts";

export interface GivingWay {
  readonly settings: Settings;
  /** Of this process, for one command only. */
  readonly server: RunningServer;
  readonly output: Output;
}

/** Where requests that were meant for the server of this process go. */
export interface Route {
  readonly fetch: typeof fetch;
  /** Ends the server of this process, if it has not given way. */
  close(): Promise<void>;
}

interface Successor {
  readonly api: string;
  readonly token: string;
  readonly fetch: typeof fetch;
}

const LOOK_MS = 100;
/** Within that a server that has the database is up, also one that has a crash to recover from. */
const SUCCESSOR_MS = 60_000;

/**
 * Lets go of the embedded database as soon as a server that starts wants it, between two requests, and sends all that follow to
 * that server: webhooks do not wait for a long command.
 */
export function giveWay({ settings, server, output }: GivingWay): Route {
  const underWay = new Set<Promise<unknown>>();
  let left: Promise<void> | null = null;
  let successor: Promise<Successor> | null = null;
  const looking = setInterval(() => {
    if (!server.isWanted()) return;
    clearInterval(looking);
    output.note("A server starts: it gets the database, and this command goes on there");
    left = leave();
  }, LOOK_MS);

  async function leave(): Promise<void> {
    await Promise.allSettled(underWay);
    await server.close();
  }

  async function here(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
    const answer = fetch(input, init);
    underWay.add(answer);
    try {
      return await answer;
    } finally {
      underWay.delete(answer);
    }
  }

  async function there(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
    await left;
    successor ??= findSuccessor(settings);
    const { api, token, fetch: request } = await successor;
    const headers = new Headers(init?.headers);
    headers.set("authorization", `Bearer ${token}`);
    return request(urlOf(input).replace(server.url, api), { ...init, headers });
  }

  return {
    fetch: (input, init) => (left === null ? here(input, init) : there(input, init)),
    async close() {
      clearInterval(looking);
      left ??= server.close();
      await left;
    },
  };
}

async function findSuccessor(settings: Settings): Promise<Successor> {
  const until = performance.now() + SUCCESSOR_MS;
  for (;;) {
    const found = await findServer(settings);
    const token = await readLocal(settings, "token");
    if (found !== null && token !== null) return { api: found.api, token, fetch: found.fetch };
    if (performance.now() > until) {
      throw new CliError(
        EXIT.failed,
        "This command gave way to a server that started, but that server can't be reached",
        `See whether it runs with: ${inWords("doctor")}`,
      );
    }
    await delay(LOOK_MS);
  }
}
