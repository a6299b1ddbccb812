import { Agent } from "node:http";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { watchMemory } from "./memory.ts";
import { sendPush } from "./push.ts";
import { hasWebhook, hookwright, type Peer, webhook } from "./servers.ts";
import { median } from "./statistics.ts";

export interface CommandsRow {
  readonly name: string;
  readonly accepted: number;
  /** Commands that really ran. */
  readonly ran: number;
  readonly acceptSeconds: number;
  /** From the first push to the last command. */
  readonly allSeconds: number;
  readonly peakMb: number;
  /** Median resident memory of the last quarter of the time by that of the second. */
  readonly growth: number;
}

/** No more command within this long: none will come. */
const QUIET_MS = 10_000;

/** Accepts many pushes over 64 connections, each of which starts a command that appends a line to a file; counts the lines. */
export async function measureCommands(dir: string, pushes: number): Promise<CommandsRow[]> {
  const rows = [await measureOne(ours, join(dir, "commands-hookwright"), pushes)];
  if (hasWebhook()) rows.push(await measureOne(theirs, join(dir, "commands-webhook"), pushes));
  return rows;
}

const script = (file: string): string => `echo ran >> ${file}`;

const ours = (file: string): Peer =>
  hookwright({
    actions: `  count:
    on: [{ source: app, event: push }]
    concurrency: { policy: parallel }
    steps: [{ run: [/bin/sh, -c, "${script(file)}"] }]
`,
  });

const theirs = (file: string): Peer => webhook({ command: ["/bin/sh", "-c", script(file)], fires: true });

async function measureOne(
  peerFor: (file: string) => Peer,
  dir: string,
  pushes: number,
): Promise<CommandsRow> {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, "ran.txt");
  writeFileSync(file, "");
  const peer = peerFor(file);
  const server = await peer.start(dir);
  const memory = watchMemory(server.pid);
  const began = performance.now();
  const accepted = await sendAll(server.url, pushes);
  const acceptSeconds = (performance.now() - began) / 1_000;
  const { ran, endedAt } = await settled(file, accepted);
  const { peak, samples } = memory.stop();
  await server.stop();
  const allSeconds = (endedAt - began) / 1_000;
  return {
    name: peer.name,
    accepted,
    ran,
    acceptSeconds,
    allSeconds,
    peakMb: peak,
    growth: growthOf(samples),
  };
}

async function sendAll(url: string, pushes: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  let left = pushes;
  let accepted = 0;
  const sender = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const answer = await sendPush(url, agent).catch(() => null);
      if (answer !== null && answer.status >= 200 && answer.status < 300) accepted += 1;
    }
  };
  await Promise.all(Array.from({ length: 64 }, sender));
  agent.destroy();
  return accepted;
}

const linesOf = (file: string): number => readFileSync(file, "utf8").split("\n").length - 1;

/** Waits until all have run, or nothing more happens. */
async function settled(file: string, wanted: number): Promise<{ ran: number; endedAt: number }> {
  let ran = linesOf(file);
  let endedAt = performance.now();
  while (ran < wanted && performance.now() - endedAt < QUIET_MS) {
    await delay(100);
    const now = linesOf(file);
    if (now > ran) endedAt = performance.now();
    ran = now;
  }
  return { ran, endedAt };
}

function growthOf(samples: readonly number[]): number {
  const quarter = Math.floor(samples.length / 4);
  return median(samples.slice(-quarter)) / median(samples.slice(quarter, 2 * quarter));
}
