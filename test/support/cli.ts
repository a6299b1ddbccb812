import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { endMarked } from "../../src/lib/processes/end-marked.ts";
import { startServerProcess, type ServerProcess } from "./server-process.ts";

export const BIN = join(import.meta.dirname, "../../bin/hookwright.js");

/** What a command said and how it ended. */
export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  /** stdout as the lines of JSON that it has to be. */
  json(): unknown[];
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A folder with settings, and the real program run in it. */
export interface Place {
  readonly dir: string;
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** The same, not waited for. */
  begin(args: readonly string[], options?: RunOptions): ReturnType<typeof launch>;
  /** Starts `hookwright serve` here; it ends with the place. */
  serve(): Promise<{ readonly server: ServerProcess; readonly url: string }>;
  write(name: string, text: string): Promise<void>;
  /** Ends every process that was begun here, and removes the folder. */
  close(): Promise<void>;
}

/** What the CLI gets of this process's environment: nothing that npm or a terminal has put there. */
export function cliEnv(dir: string, env: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: dir, LANG: "C.UTF-8", TERM: "xterm-256color", ...env };
}

function launch(dir: string, args: readonly string[], { input = "", env }: RunOptions = {}) {
  return execa(process.execPath, [BIN, ...args], {
    cwd: dir,
    env: cliEnv(dir, env),
    extendEnv: false,
    input,
    reject: false,
  });
}

/** `settings`: the text of `hookwright.yaml`; none without. */
export async function createPlace(settings?: string): Promise<Place> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-cli-"));
  const begun: ReturnType<typeof launch>[] = [];
  const servers: ServerProcess[] = [];
  const write = (name: string, text: string): Promise<void> => writeFile(join(dir, name), text);
  if (settings !== undefined) await write("hookwright.yaml", settings);

  function begin(args: readonly string[], options?: RunOptions): ReturnType<typeof launch> {
    const child = launch(dir, args, options);
    begun.push(child);
    return child;
  }

  return {
    dir,
    begin,
    write,
    async run(args, options) {
      const { stdout, stderr, exitCode = -1 } = await begin(args, options);
      const lines = stdout.split("\n").filter((line) => line !== "");
      return { stdout, stderr, exitCode, json: () => lines.map((line): unknown => JSON.parse(line)) };
    },
    async serve() {
      const server = startServerProcess({ dir });
      servers.push(server);
      return { server, url: await server.serving };
    },
    async close() {
      // Servers, commands, and what they have started: all have the folder as their home.
      await endMarked({ name: "HOME", value: dir, graceMs: 0 });
      await Promise.all([...begun, ...servers.map(({ exited }) => exited)]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}
