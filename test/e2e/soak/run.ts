import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type MemoryWatch, watchMemory } from "../../../bench/memory.ts";
import { ApiError, type Client } from "../../../src/client/client.ts";
import { createPlace, type Place } from "../../support/cli.ts";
import { createRandom, type Random } from "../../support/random.ts";
import {
  markedProcesses,
  serverClient,
  type ServerProcess,
  startServerProcess,
} from "../../support/server-process.ts";
import { until } from "../../support/until.ts";
import { type Endpoints, startEndpoints } from "./endpoints.ts";
import { type Followers, startFollowers } from "./followers.ts";
import type { Histogram } from "./histogram.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { type Load, startLoad } from "./load.ts";
import { makeReport, type SoakReport } from "./report.ts";
import { MARK, soakSettings } from "./settings.ts";

export interface SoakOptions {
  readonly minutes: number;
  /** The last of them, in which the server is not killed. */
  readonly calmMinutes: number;
  readonly killEverySeconds: number;
  /** Deliveries a second, of which one in ten starts a task. */
  readonly perSecond: number;
  readonly followers: number;
  readonly seed: number;
  readonly onProgress?: (line: string) => void;
}

/** Resident memory in MB, each over its time: all servers that were killed, and the last one, which was not. */
export interface SoakMemory {
  readonly killed: number[];
  readonly calm: number[];
  peakMb: number;
}

interface Soak {
  readonly options: SoakOptions;
  readonly place: Place;
  readonly client: Client;
  readonly url: string;
  readonly load: Load;
  readonly followers: Followers;
  readonly ledger: Ledger;
  readonly endpoints: Endpoints;
  readonly memory: SoakMemory;
  /** From a kill to the next server's first answer, in milliseconds. */
  readonly restarts: number[];
  server: ServerProcess;
  /** Ended although nobody had killed them. */
  died: number;
  pruning: Promise<unknown>;
  /** Of accepting: while the server was killed again and again, and after that. */
  readonly latency: { killed: Histogram; calm: Histogram };
  checkedAllAt: number;
  stopTimers(): void;
  /** Ends the cancelling of tasks. */
  readonly ending: AbortController;
}

const LONG_EVERY_MS = 2_000;
const PROGRESS_MS = 5_000;
const PRUNE_MS = 60_000;
const CHECK_MS = 20_000;
const REST_MS = 300_000;
const FEW = 64;

/** As package.json's scripts start it. */
const AS_STARTED = { nodeOptions: ["--max-semi-space-size=4"], env: { MALLOC_ARENA_MAX: "2" } };

/** Everything at once for a while, with a server that is killed again and again; then counts what has come of it. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const began = performance.now();
  const endpoints = await startEndpoints();
  const place = await createPlace();
  await place.write("hookwright.yaml", soakSettings(place.dir, endpoints.urls));
  const server = startServerProcess({ dir: place.dir, ...AS_STARTED });
  const soak = await beginSoak({ options, place, server, endpoints });
  try {
    await killAgainAndAgain(soak, began + (options.minutes - options.calmMinutes) * 60_000);
    await leaveAlone(soak, began + options.minutes * 60_000);
    const ran = await comeToRest(soak);
    const leftRunning = await commandsLeft(place.dir);
    soak.server.kill("SIGTERM");
    const { code } = await soak.server.exited;
    return makeReport({
      ...soak,
      ...ran,
      leftRunning,
      exitCode: code,
      seconds: (performance.now() - began) / 1_000,
    });
  } finally {
    soak.stopTimers();
    soak.ending.abort();
    soak.server.kill("SIGKILL");
    await soak.server.exited;
    await place.close();
    await endpoints.close();
  }
}

interface Begun {
  readonly options: SoakOptions;
  readonly place: Place;
  readonly server: ServerProcess;
  readonly endpoints: Endpoints;
}

async function beginSoak({ options, place, server, endpoints }: Begun): Promise<Soak> {
  const ending = new AbortController();
  const random = createRandom(options.seed);
  const url = await server.serving;
  const client = await serverClient(url, place.dir);
  const ledger = createLedger(join(place.dir, "data/hookwright.db"));
  const followers = startFollowers({ client, count: options.followers, random });
  const load = startLoad({
    url,
    perSecond: options.perSecond,
    random,
    onAcknowledged(entry) {
      ledger.acknowledged(entry);
      for (const id of entry.answer?.tasks ?? []) {
        if (entry.action === "cancel") void cancelLater({ client, id, random, ended: ending.signal });
        if (entry.action === "long" || entry.action === "long-again") followers.offer(id);
      }
    },
  });
  const soak: Soak = {
    options,
    place,
    client,
    url,
    load,
    followers,
    ledger,
    endpoints,
    server,
    ending,
    memory: { killed: [], calm: [], peakMb: 0 },
    restarts: [],
    died: 0,
    pruning: Promise.resolve(),
    latency: { killed: load.latency(), calm: load.latency() },
    checkedAllAt: performance.now(),
    stopTimers: () => undefined,
  };
  const timers = [
    setInterval(() => load.send(random.next() < 0.5 ? "long" : "long-again"), LONG_EVERY_MS),
    setInterval(() => options.onProgress?.(progressLine(soak)), PROGRESS_MS),
    setInterval(() => {
      // As an operator's timer would: a server that is killed so often never gets to its own hourly pass.
      soak.pruning = place.run(["prune", "--json"]);
    }, PRUNE_MS),
  ];
  soak.stopTimers = () => {
    for (const timer of timers) clearInterval(timer);
  };
  return soak;
}

interface Cancelling {
  readonly client: Client;
  readonly id: string;
  readonly random: Random;
  readonly ended: AbortSignal;
}

/** Until it is taken, or until the task has ended by itself. */
async function cancelLater({ client, id, random, ended }: Cancelling): Promise<void> {
  while (!ended.aborted) {
    await delay(random.between(100, 900));
    const done = await client.cancelTask(id).then(
      () => true,
      (error: unknown) => error instanceof ApiError && error.status < 500,
    );
    if (done) return;
  }
}

async function killAgainAndAgain(soak: Soak, deadline: number): Promise<void> {
  const { options, place, url, memory } = soak;
  const everyMs = options.killEverySeconds * 1_000;
  while (performance.now() + everyMs <= deadline) {
    const watch = watchMemory(soak.server.pid);
    await delay(everyMs);
    memory.killed.push(...(await taken(soak, watch)));
    const killed = performance.now();
    soak.server.kill("SIGKILL");
    await soak.server.exited;
    soak.server = startServerProcess({ dir: place.dir, port: Number(new URL(url).port), ...AS_STARTED });
    await soak.server.serving;
    soak.restarts.push(performance.now() - killed);
    check(soak);
  }
}

async function leaveAlone(soak: Soak, deadline: number): Promise<void> {
  const watch = watchMemory(soak.server.pid);
  // What waited while the last server was away has been answered by then.
  await until(() => soak.load.underWay() < FEW, { what: "the senders to catch up", timeoutMs: 60_000 });
  soak.load.beginLatency();
  soak.latency.calm = soak.load.latency();
  for (let left = deadline - performance.now(); left > 0; left = deadline - performance.now()) {
    await delay(Math.min(left, CHECK_MS));
    check(soak);
  }
  soak.memory.calm.push(...(await taken(soak, watch)));
}

/** The samples; a server that is there no more has died by itself. */
async function taken(soak: Soak, watch: MemoryWatch): Promise<readonly number[]> {
  const ended = await Promise.race([soak.server.exited, delay(0, null)]);
  if (ended !== null) {
    soak.died += 1;
    return [];
  }
  const { peak, samples } = watch.stop();
  soak.memory.peakMb = Math.max(soak.memory.peakMb, peak);
  return samples;
}

/** Of all that the store has only now and then, but before it forgets: that holds the senders of this process up. */
const CHECK_ALL_MS = 240_000;

function check(soak: Soak): void {
  const { ledger, followers } = soak;
  ledger.check(followers.take());
  if (performance.now() - soak.checkedAllAt < CHECK_ALL_MS) return;
  ledger.checkTwice();
  soak.checkedAllAt = performance.now();
}

/** Each delivery is answered, each task has ended and been told of, or it takes longer than anything should. */
async function comeToRest(soak: Soak) {
  const { load, followers, ledger, endpoints, place } = soak;
  soak.stopTimers();
  await load.stop();
  const rested = (what: string, test: () => boolean): Promise<boolean> =>
    until(test, { what, timeoutMs: REST_MS, intervalMs: 250 }).catch(() => false);
  await rested("every task to end", () => {
    ledger.check(followers.take());
    return ledger.open().length === 0;
  });
  // Who follows a task that never ends would wait for ever.
  if (ledger.open().length === 0) await followers.stop();
  await rested("every notice to arrive", () => ledger.ended.every(({ id }) => endpoints.told.has(id)));
  ledger.check(followers.take());
  ledger.checkTwice();
  soak.ending.abort();
  await soak.pruning;
  const [once = [], ran = [], undone = []] = await Promise.all(
    ["once", "ran", "undone"].map((name) => lines(join(place.dir, name))),
  );
  return { once, ran, undone };
}

/** None where no command has got that far. */
const lines = async (path: string): Promise<string[]> =>
  (await readFile(path, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");

/** What still runs of the commands, a moment after the last task's end: a `sleep` of a killed shell may outlive it so long. */
async function commandsLeft(dir: string): Promise<readonly string[]> {
  const look = (): string[] => markedProcesses(MARK, dir);
  await until(() => look().length === 0, { what: "commands to end", timeoutMs: 2_000 }).catch(() => false);
  return look();
}

function progressLine({ load, followers, ledger, endpoints, restarts }: Soak): string {
  const { sent, acknowledged } = load.counts;
  return [
    `sent ${sent}`,
    `acknowledged ${acknowledged}`,
    `under way ${load.underWay()}`,
    `tasks ended ${ledger.ended.length}, open ${ledger.open().length}`,
    `lines followed ${followers.counts.lines}`,
    `notices ${endpoints.counts.taken}`,
    `kills ${restarts.length}`,
    `p99 ${load.latency().percentile(0.99)} ms`,
    `lost ${ledger.faults.lost.length}`,
  ].join(", ");
}
