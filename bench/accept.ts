import { join } from "node:path";
import {
  bare,
  hasWebhook,
  hmacJson,
  hmacJsonFsync,
  hookwright,
  octokit,
  type Peer,
  webhook,
} from "./servers.ts";
import { median } from "./statistics.ts";
import { type Load, load } from "./wrk.ts";

export interface AcceptOptions {
  readonly dir: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

export interface AcceptRow {
  readonly name: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were no 2xx, and broken connections, over all rounds. */
  readonly failures: number;
  /** Median over the rounds of this one's requests/s by Hookwright's in the same round, the other way round. */
  readonly hookwrightRatio: number;
}

const ONE_ACTION = `  deploy:
    on: [{ source: app, event: push, branch: main, with: { sha: event.commit.sha } }]
    params: { sha: { pattern: "[0-9a-f]{40}" } }
    concurrency: { policy: parallel }
    steps: [{ run: ["true"] }]
`;

/** Servers in turn, round by round, so that the machine's moods hit all alike. */
export async function measureAccept(options: AcceptOptions): Promise<AcceptRow[]> {
  const ours = hookwright({ actions: ONE_ACTION, work: false });
  const stored: Peer = { ...ours, name: "hookwright, stored and fsynced before the 202" };
  const peers: Peer[] = [bare, hmacJson, hmacJsonFsync, stored];
  if (hasWebhook()) {
    const silent = webhook({ command: ["/bin/true"], fires: false });
    peers.push({ ...silent, name: "webhook (adnanh), signature checked, stores nothing" });
  }
  const idle = octokit({ command: [] });
  peers.push({ ...idle, name: `${idle.name}, signature checked, stores nothing` });
  const results = new Map<string, Load[]>(peers.map(({ name }) => [name, []]));
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const peer of peers) {
      const measured = await measureOne(peer, options, round);
      results.get(peer.name)?.push(measured);
      const figures = `${Math.round(measured.perSecond)} req/s, p99 ${measured.p99Ms.toFixed(1)} ms`;
      process.stderr.write(`  round ${round}/${options.rounds} ${peer.name}: ${figures}\n`);
    }
  }
  const base = results.get(stored.name) ?? [];
  return [...results].map(([name, loads]) => toRow(name, loads, base));
}

async function measureOne(peer: Peer, options: AcceptOptions, round: number): Promise<Load> {
  const server = await peer.start(join(options.dir, `accept-${round}-${peer.name.replaceAll(/\W+/g, "-")}`));
  try {
    const { url } = server;
    const { dir, connections, seconds } = options;
    await load({ url, dir, connections, seconds: 2 });
    return await load({ url, dir, connections, seconds });
  } finally {
    await server.stop();
  }
}

function toRow(name: string, loads: readonly Load[], base: readonly Load[]): AcceptRow {
  const of = (read: (load: Load) => number): number => median(loads.map(read));
  return {
    name,
    perSecond: of(({ perSecond }) => perSecond),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    failures: loads.reduce((sum, { notOk, socketErrors }) => sum + notOk + socketErrors, 0),
    hookwrightRatio: median(
      loads.map((each, index) => (base[index]?.perSecond ?? Number.NaN) / each.perSecond),
    ),
  };
}
