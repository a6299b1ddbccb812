import { Agent } from "node:http";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { watchMemory } from "./memory.ts";
import { makePush, sendPush } from "./push.ts";
import { hasWebhook, hookwright, octokit, type Peer, type Running, webhook } from "./servers.ts";
import { median } from "./statistics.ts";

/** Of the accepted pushes. */
export interface Counted {
  readonly accepted: number;
  /** Those whose command really ran. */
  readonly ran: number;
  /** Commands beyond one for each. */
  readonly repeated: number;
}

export interface CommandsRow extends Counted {
  readonly name: string;
  readonly acceptSeconds: number;
  /** From the first push to the last command. */
  readonly allSeconds: number;
  readonly peakMb: number;
  /** Median resident memory of the last quarter of the time by that of the second. */
  readonly growth: number;
  /** The same with a server that is killed after half of the pushes, and started again. */
  readonly killed: Counted;
}

const CONNECTIONS = 64;
/** No more command within this long: none will come. */
const QUIET_MS = 10_000;
/** A push that is not accepted is sent again, so often and with such pauses: a server takes a second to start. */
const [TRIES, PAUSE_MS] = [400, 50];

type PeerFor = (file: string) => Peer;

/** Accepts many pushes over 64 connections, each of which starts a command that appends its commit to a file; counts them. */
export async function measureCommands(dir: string, pushes: number): Promise<CommandsRow[]> {
  const peers: PeerFor[] = [ours, ...(hasWebhook() ? [adnanh] : []), octokits];
  const rows: CommandsRow[] = [];
  for (const [index, peerFor] of peers.entries()) {
    const row = await measureOne(peerFor, join(dir, `commands-${index}`), pushes);
    rows.push({ ...row, killed: await measureKilled(peerFor, join(dir, `killed-${index}`), pushes) });
    process.stderr.write(`  ${row.name}: ${row.ran} of ${row.accepted}\n`);
  }
  return rows;
}

/** Its last argument is the commit. */
const command = (file: string): [string, ...string[]] => ["/bin/sh", "-c", `echo "$1" >> ${file}`, "sh"];

/** The command does no harm when it runs twice, so that its task may run again after a crash. */
const ours: PeerFor = (file) =>
  hookwright({
    actions: `  count:
    on: [{ source: app, event: push, with: { sha: event.commit.sha } }]
    params: { sha: { pattern: "[0-9a-f]{40}" } }
    concurrency: { policy: parallel }
    on_crash: retry
    steps: [{ run: ${JSON.stringify([...command(file), "${{ params.sha }}"])} }]
`,
  });

const adnanh: PeerFor = (file) => webhook({ command: command(file), fires: true, passesCommit: true });

const octokits: PeerFor = (file) => octokit({ command: command(file), passesCommit: true });

async function measureOne(
  peerFor: PeerFor,
  dir: string,
  pushes: number,
): Promise<Omit<CommandsRow, "killed">> {
  const { file, peer } = prepare(peerFor, dir);
  const server = await peer.start(dir);
  const memory = watchMemory(server.pid);
  const began = performance.now();
  const accepted = await sendAll({ pushes, urlOf: async () => server.url });
  const acceptSeconds = (performance.now() - began) / 1_000;
  const endedAt = await settled(file, accepted);
  const { peak, samples } = memory.stop();
  await server.stop();
  const allSeconds = (endedAt - began) / 1_000;
  const growth = growthOf(samples);
  return { name: peer.name, ...count(file, accepted), acceptSeconds, allSeconds, peakMb: peak, growth };
}

async function measureKilled(peerFor: PeerFor, dir: string, pushes: number): Promise<Counted> {
  const { file, peer } = prepare(peerFor, dir);
  let server: Promise<Running> = peer.start(dir);
  const restart = async (running: Running): Promise<Running> => {
    await running.kill();
    return peer.start(dir);
  };
  const accepted = await sendAll({
    pushes,
    urlOf: async () => (await server).url,
    onAccepted(soFar) {
      if (soFar === Math.floor(pushes / 2)) server = server.then(restart);
    },
  });
  await settled(file, accepted);
  await (await server).stop();
  return count(file, accepted);
}

function prepare(peerFor: PeerFor, dir: string): { readonly file: string; readonly peer: Peer } {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, "ran.txt");
  writeFileSync(file, "");
  return { file, peer: peerFor(file) };
}

interface Sending {
  readonly pushes: number;
  readonly urlOf: () => Promise<string>;
  readonly onAccepted?: (soFar: number) => void;
}

/** Resolves with the commits of what was accepted. */
async function sendAll({ pushes, urlOf, onAccepted }: Sending): Promise<ReadonlySet<string>> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const accepted = new Set<string>();
  let left = pushes;
  async function sendOne(): Promise<void> {
    const push = makePush();
    for (let tries = 0; tries < TRIES; tries += 1) {
      const answer = await sendPush(await urlOf(), { push, agent }).catch(() => null);
      if (answer !== null && answer.status >= 200 && answer.status < 300) {
        accepted.add(push.commit);
        onAccepted?.(accepted.size);
        return;
      }
      await delay(PAUSE_MS);
    }
  }
  const sender = async (): Promise<void> => {
    while ((left -= 1) >= 0) await sendOne();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sender));
  agent.destroy();
  return accepted;
}

const linesOf = (file: string): string[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");

function count(file: string, accepted: ReadonlySet<string>): Counted {
  const lines = linesOf(file);
  const distinct = new Set(lines);
  const ran = [...accepted].filter((commit) => distinct.has(commit)).length;
  return { accepted: accepted.size, ran, repeated: lines.length - distinct.size };
}

/** Waits until all have run, or nothing more happens; resolves with when the last did. */
async function settled(file: string, accepted: ReadonlySet<string>): Promise<number> {
  let lines = 0;
  let endedAt = performance.now();
  for (;;) {
    const now = linesOf(file).length;
    if (now > lines) endedAt = performance.now();
    lines = now;
    if (count(file, accepted).ran === accepted.size || performance.now() - endedAt > QUIET_MS) return endedAt;
    await delay(100);
  }
}

function growthOf(samples: readonly number[]): number {
  const quarter = Math.floor(samples.length / 4);
  return median(samples.slice(-quarter)) / median(samples.slice(quarter, 2 * quarter));
}
