import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { hookwright } from "./servers.ts";
import { stopSending } from "./stopped.ts";
import { load, type Load } from "./wrk.ts";

export interface SlowResult {
  /** Without and with the stopped connections. */
  readonly alone: Load;
  readonly beside: Load;
  readonly stopped: number;
  /** Seconds from a connection's last byte to its end: the longest. */
  readonly longestSeconds: number;
  /** Still open when the load was over and twice the limit had passed. */
  readonly open: number;
}

export interface SlowOptions {
  readonly dir: string;
  /** Of each kind: stopped within the headers, stopped within the body. */
  readonly count: number;
  readonly connections: number;
  readonly seconds: number;
}

const GIVE_UP_MS = 30_000;
const ACTION = `  none: { on: [{ source: app, event: push }], concurrency: { policy: parallel }, steps: [{ run: ["true"] }] }\n`;

/** Pushes as fast as they are answered, without and with hundreds of connections that have stopped sending. */
export async function measureSlow({ dir, count, connections, seconds }: SlowOptions): Promise<SlowResult> {
  const folder = join(dir, "slow");
  mkdirSync(folder, { recursive: true });
  const server = await hookwright({ actions: ACTION, work: false }).start(folder);
  try {
    const given = { url: server.url, dir: folder, connections };
    await load({ ...given, seconds: 2 });
    const alone = await load({ ...given, seconds });
    const began = Array.from({ length: count }, () =>
      (["headers", "body"] as const).map((part) => stopSending(server.url, { part, giveUpMs: GIVE_UP_MS })),
    );
    const ends = (await Promise.all(began.flat())).map(({ ended }) => ended);
    const beside = await load({ ...given, seconds });
    const times = (await Promise.all(ends)).filter((time) => time !== null);
    return {
      alone,
      beside,
      stopped: ends.length,
      longestSeconds: Math.max(...times) / 1_000,
      open: ends.length - times.length,
    };
  } finally {
    await server.stop();
  }
}
