import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOutboundFetch } from "../../src/lib/outbound.ts";
import { runCommand } from "../../src/lib/processes/run-command.ts";
import { runStep, stepKinds } from "../../src/steps/registry.ts";
import type { Release } from "../../src/domain/release.ts";
import type { ReleaseBook, Render, StepContext, StepResult } from "../../src/steps/step.ts";

/** A real folder and a real context for single steps. */
export interface Workbench {
  readonly dir: string;
  readonly context: StepContext;
  /** All that was logged or printed. */
  readonly lines: string[];
  /** Parses the options as the settings would, and runs the step. */
  run(kind: string, options: unknown, change?: Partial<StepContext>): Promise<StepResult>;
  remove(): Promise<void>;
}

export async function createWorkbench(values: Readonly<Record<string, string>> = {}): Promise<Workbench> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "hookwright-step-")));
  const lines: string[] = [];
  const { PATH = "" } = process.env;
  const env = { PATH, HOME: dir, GIT_CONFIG_NOSYSTEM: "1" };
  const { signal } = new AbortController();
  const context: StepContext = {
    taskId: "task",
    signal,
    workdir: dir,
    env,
    now: () => new Date(),
    appsDir: join(dir, "apps"),
    releases: createBook(),
    goBackTo: null,
    afterStop: () => ({ ...context, signal: new AbortController().signal }),
    github: { token: async () => null, apiUrl: "http://127.0.0.1:1" },
    fetch,
    fetchTrusting: (ca) => createOutboundFetch({ allowCidrs: ["127.0.0.0/8"], ca }),
    download: (input, init) => fetch(input, { ...init, redirect: "manual" }),
    log: (text) => lines.push(text),
    progress: () => undefined,
    appArgv: (argv) => argv,
    makeFolder: async (folder) => void (await mkdir(folder, { recursive: true })),
    confined: false,
    command: ({ quiet = false, ...options }) =>
      runCommand({
        cwd: dir,
        ...options,
        env: { ...env, ...options.env },
        signal,
        graceMs: 1_000,
        onLine: (_stream, line) => void (quiet || lines.push(line)),
      }),
  };
  const render: Render = (template) =>
    template.replaceAll(/\$\{\{ *([\w.]+) *\}\}/g, (_whole, name: string) => values[name] ?? "");
  return {
    dir,
    context,
    lines,
    async run(kind, options, change = {}) {
      const parsed = stepKinds.get(kind)?.schema.parse(options);
      return runStep({ kind, options: parsed, render, context: { ...context, ...change } });
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

/** What the store would keep of the releases. */
function createBook(): ReleaseBook {
  const releases = new Map<string, Release>();
  return {
    list: async (app) => [...releases.values()].filter((each) => each.app === app).toReversed(),
    put: async (release) => {
      const known = releases.get(release.id);
      const step = { node: "here", taskId: "task", action: "deploy", step: 0 };
      releases.set(release.id, { ...step, ...known, ...release });
    },
  };
}
