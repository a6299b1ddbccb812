import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { NodeRole } from "../../src/storage/store.ts";

export interface NodeOptions {
  readonly settingsFile: string;
  readonly name: string;
  readonly labels?: readonly string[];
  readonly roles?: readonly NodeRole[];
  /** Default: a free one. */
  readonly port?: number;
  /** Its log is appended to this file. */
  readonly logFile: string;
}

/** A real server in a process of its own. */
export interface NodeProcess {
  readonly name: string;
  readonly url: string;
  /** An admin token. */
  readonly token: string;
  readonly pid: number;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when the process has gone. */
  readonly exited: Promise<unknown>;
  /** Ends it in good order. */
  close(): Promise<void>;
}

const MAIN = join(import.meta.dirname, "node-main.ts");
const started = z.object({ url: z.string(), token: z.string() });

/** Resolves when it serves; rejects with the end of its log when it ends before. */
export async function startNode({ logFile, ...options }: NodeOptions): Promise<NodeProcess> {
  const child = spawn(process.execPath, [MAIN, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  child.stderr.on("data", (chunk: Buffer) => appendFileSync(logFile, chunk));
  const line = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).once("line", resolve);
  });
  const first = await Promise.race([line, exited.then(() => null)]);
  if (first === null) throw new Error(`${options.name} did not start; see ${logFile}`);
  const { url, token } = started.parse(JSON.parse(first));
  return {
    name: options.name,
    url,
    token,
    pid: child.pid ?? 0,
    signal: (signal) => void child.kill(signal),
    exited,
    async close() {
      child.kill("SIGTERM");
      // A second one: running tasks are not waited for.
      child.kill("SIGTERM");
      await exited;
    },
  };
}
