import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { pushPayload } from "./payload.ts";
import { SECRET } from "./servers.ts";

const run = promisify(execFile);
const SCRIPT = join(import.meta.dirname, "wrk/signed-push.lua");

const resultSchema = z.object({
  requests: z.number(),
  seconds: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  maxMs: z.number(),
  notOk: z.number(),
  socketErrors: z.number(),
});

export interface Load extends z.output<typeof resultSchema> {
  readonly perSecond: number;
}

export interface LoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** A folder for the payload. */
  readonly dir: string;
}

export const hasWrk = (): boolean => existsSync("/usr/bin/wrk");

let runs = 0;

/** Signed pushes, each with ids of its own, as fast as they are answered. */
export async function load({ url, connections, seconds, dir }: LoadOptions): Promise<Load> {
  runs += 1;
  const body = join(dir, `push-${runs}.json`);
  writeFileSync(body, pushPayload());
  const args = ["-t2", `-c${connections}`, `-d${seconds}s`, "--timeout", "30s", "-s", SCRIPT, url];
  const env = { ...process.env, BODY: body, SECRET, FIRST: String(runs) };
  const { stdout } = await run("wrk", args, { env });
  const line = /^RESULT (.*)$/m.exec(stdout)?.[1];
  if (line === undefined) throw new Error(`wrk printed no result: ${stdout}`);
  const result = resultSchema.parse(JSON.parse(line));
  return { ...result, perSecond: result.requests / result.seconds };
}
