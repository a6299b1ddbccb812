import { spawn, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type Client, createClient } from "../../src/client/client.ts";
import { LOCAL_FILES } from "../../src/domain/local-files.ts";
import { commandOf, hasMarker, listProcesses } from "../../src/lib/processes/proc.ts";
import { until } from "./until.ts";

/** A real server: `hookwright serve` in a process of its own, as an administrator starts it. */
export interface ServerProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Where it listens, once it does; rejects with what it said when it ends before. */
  readonly serving: Promise<string>;
  /** Resolves when the process has ended. */
  readonly exited: Promise<ProcessExit>;
  /** What it has logged so far. */
  output(): string;
  /** Sends a signal; SIGKILL to make it crash. */
  kill(signal: NodeJS.Signals): void;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServerProcessOptions {
  /** Holds `hookwright.yaml`. */
  readonly dir: string;
  /** 0 takes a free one. */
  readonly port?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Options of node itself, before the program. */
  readonly nodeOptions?: readonly string[];
  /** Before node: a program that starts another, such as `prlimit`. */
  readonly prefix?: readonly string[];
}

const BIN = join(import.meta.dirname, "../../bin/hookwright.js");
const servingLine = z.object({ msg: z.literal("Serving"), url: z.string() });

export function startServerProcess(options: ServerProcessOptions): ServerProcess {
  const { dir, port = 0, env = {}, nodeOptions = [], prefix = [] } = options;
  const argv = [
    ...prefix,
    process.execPath,
    ...nodeOptions,
    BIN,
    "serve",
    "--settings",
    join(dir, "hookwright.yaml"),
    "--listen",
    `127.0.0.1:${port}`,
  ];
  const [file = "", ...args] = argv;
  const child = spawn(file, args, {
    cwd: dir,
    env: { PATH: process.env["PATH"], HOME: dir, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  const serving = waitForServing(() => output, exited);
  // Who does not ask for it (a server that is killed while it starts) must not hear of it.
  serving.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    child,
    serving,
    exited,
    output: () => output,
    kill: (signal) => void child.kill(signal),
  };
}

async function waitForServing(output: () => string, exited: Promise<ProcessExit>): Promise<string> {
  let exit: ProcessExit | null = null;
  void exited.then((how) => {
    exit = how;
  });
  return until(
    () => {
      const url = servingUrl(output());
      if (url === null && exit !== null) throw new Error(`The server ended at its start:\n${output()}`);
      return url;
    },
    { what: "a server to listen", intervalMs: 5 },
  );
}

function servingUrl(output: string): string | null {
  for (const line of output.split("\n").filter((each) => each.includes(`"Serving"`))) {
    const parsed = servingLine.safeParse(parseJson(line));
    if (parsed.success) return parsed.data.url;
  }
  return null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A client with the admin token that the server leaves in its data folder. */
export async function serverClient(url: string, dir: string): Promise<Client> {
  const token = (await readFile(join(dir, "data", LOCAL_FILES.token), "utf8")).trim();
  return createClient({ url, token });
}

/** Live processes with `NAME=VALUE` in their environment. */
export const markedProcesses = (name: string, value: string): string[] =>
  listProcesses()
    .filter(({ pid }) => hasMarker(pid, `${name}=${value}`))
    .map(({ pid }) => `${commandOf(pid)} (${pid})`);
