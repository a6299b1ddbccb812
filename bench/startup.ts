import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { sendPush } from "./push.ts";
import { hookwright } from "./servers.ts";
import { median } from "./statistics.ts";

/** Milliseconds from the start of the process to the first accepted push; medians of an empty store and of the same again. */
export async function measureStartup(dir: string, rounds: number): Promise<{ empty: number; used: number }> {
  const peer = hookwright({
    actions: `  none:\n    on: [{ source: app, event: release }]\n    steps: [{ run: ["true"] }]\n`,
  });
  const empty: number[] = [];
  const used: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const folder = join(dir, `startup-${round}`);
    empty.push(await startOnce(peer, folder));
    used.push(await startOnce(peer, folder));
  }
  return { empty: median(empty), used: median(used) };
}

async function startOnce(peer: ReturnType<typeof hookwright>, folder: string): Promise<number> {
  const server = await peer.start(folder);
  const began = performance.now();
  for (;;) {
    const answer = await sendPush(server.url).catch(() => null);
    if (answer?.status === 202) break;
    await delay(5);
  }
  const ms = server.startMs + performance.now() - began;
  await server.stop();
  return ms;
}
