import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { type Client, createClient } from "../src/client/client.ts";
import { receivedSchema } from "../src/client/schemas.ts";
import { sendPush } from "./push.ts";
import { hasWebhook, hookwright, octokit, webhook } from "./servers.ts";
import { percentile } from "./statistics.ts";

export interface LatencyRow {
  readonly name: string;
  /** Milliseconds from the first byte sent to the command's own look at the clock. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const STAMP = ["date", "+%s%N"] as const;
const PAUSE_MS = 20;
const LOOK_MS = 50;
/** The first pushes warm the server up. */
const WARM_UP = 20;

/** One push after the other on an idle server: the command prints the time at which it runs. */
export async function measureLatency(dir: string, pushes: number): Promise<LatencyRow[]> {
  const rows = [await measureHookwright(dir, pushes)];
  if (hasWebhook()) rows.push(await measureWebhook(dir, pushes));
  rows.push(await measureOctokit(dir, pushes));
  return rows;
}

async function measureHookwright(dir: string, pushes: number): Promise<LatencyRow> {
  const actions = `  stamp:\n    on: [{ source: app, event: push }]\n    steps: [{ run: [date, "+%s%N"] }]\n`;
  const folder = join(dir, "latency-hookwright");
  const server = await hookwright({ actions }).start(folder);
  try {
    const token = readFileSync(join(folder, "data/local-token"), "utf8").trim();
    const client = createClient({ url: server.origin, token });
    const times = await sample(pushes, async () => {
      const { body, sentAt } = await sendPush(server.url);
      const id = receivedSchema.parse(JSON.parse(body)).tasks[0]?.id ?? "";
      return millis(await printed(client, id), sentAt);
    });
    return row("hookwright", times);
  } finally {
    await server.stop();
  }
}

/** What the command printed; looked for only when it is over, so that looking takes nothing from the measure. */
async function printed(client: Client, id: string): Promise<string> {
  await delay(LOOK_MS);
  for (;;) {
    const { items } = await client.listLog(id);
    const line = items.find(({ stream }) => stream === "stdout");
    if (line !== undefined) return line.text;
    await delay(PAUSE_MS);
  }
}

async function measureWebhook(dir: string, pushes: number): Promise<LatencyRow> {
  const peer = webhook({ command: [`/bin/${STAMP[0]}`, STAMP[1]], fires: true, answersOutput: true });
  const server = await peer.start(join(dir, "latency-webhook"));
  try {
    const times = await sample(pushes, async () => {
      const { body, sentAt } = await sendPush(server.url);
      return millis(body, sentAt);
    });
    return row("webhook (adnanh), storing nothing", times);
  } finally {
    await server.stop();
  }
}

async function measureOctokit(dir: string, pushes: number): Promise<LatencyRow> {
  const output = join(dir, "latency-octokit.txt");
  writeFileSync(output, "");
  const server = await octokit({ command: [...STAMP], output }).start(dir);
  let seen = 0;
  try {
    const times = await sample(pushes, async () => {
      const { sentAt } = await sendPush(server.url);
      await delay(LOOK_MS);
      while (stamps(output).length === seen) await delay(PAUSE_MS);
      seen += 1;
      return millis(stamps(output).at(-1) ?? "", sentAt);
    });
    return row("@octokit/webhooks, storing nothing", times);
  } finally {
    await server.stop();
  }
}

const stamps = (file: string): string[] => readFileSync(file, "utf8").trimEnd().split("\n").filter(Boolean);

async function sample(count: number, measure: () => Promise<number>): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count + WARM_UP; index += 1) {
    const time = await measure();
    if (index >= WARM_UP) times.push(time);
    await delay(PAUSE_MS);
  }
  return times;
}

/** `nanos`: since the epoch, as `date` prints them. */
const millis = (nanos: string, sentAtMicros: number): number =>
  z.coerce.number().parse(nanos.trim()) / 1e6 - sentAtMicros / 1e3;

const row = (name: string, times: readonly number[]): LatencyRow => ({
  name,
  p50Ms: percentile(times, 0.5),
  p99Ms: percentile(times, 0.99),
});
