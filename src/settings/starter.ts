import { randomBytes } from "node:crypto";
import { lstat, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { AppError } from "../domain/errors.ts";
import { repositoryProblem } from "../lib/git/names.ts";
import { createDemoRepository } from "./demo-repository.ts";
import { escapeVariables } from "./environment-values.ts";

export interface StarterOptions {
  /** Folder to write into; made when missing. */
  readonly dir: string;
  /** Replace what is there. */
  readonly force?: boolean;
}

export interface DemoOptions extends StarterOptions {
  /** That it listens on; default 8080. */
  readonly port?: number;
}

export interface Starter {
  /** Absolute path of the settings file. */
  readonly file: string;
}

/** Writes a settings file with a demo: a small git repository and an action that deploys it. Rejects `settings:exists`. */
export async function writeStarter({ dir, force = false, port = PORT }: DemoOptions): Promise<Starter> {
  const file = resolve(dir, "hookwright.yaml");
  if (!force) await refuseExisting(file);
  // First: a settings file without its demo would be taken for a real one from then on.
  await createDemoRepository(join(dir, "demo", "site"));
  return writeSettings({ file, force, text: starterText(resolve(dir), port) });
}

export interface InitOptions extends StarterOptions {
  /** URL of the repository to deploy. */
  readonly repository: string;
}

/** Writes a settings file for a real repository, without the demo. Rejects `settings:exists`, `request:invalid`. */
export async function writeProjectSettings({
  dir,
  repository,
  force = false,
}: InitOptions): Promise<Starter> {
  const problem = repositoryProblem(repository);
  if (problem !== null) throw new AppError("request:invalid", `git can't be given ${repository}: ${problem}`);
  return writeSettings({ file: resolve(dir, "hookwright.yaml"), force, text: projectText(repository) });
}

interface WriteOptions {
  readonly file: string;
  readonly force: boolean;
  readonly text: string;
}

/** It holds secrets: nobody else may read it, not even where another file was there before. */
async function writeSettings({ file, force, text }: WriteOptions): Promise<Starter> {
  await mkdir(dirname(file), { recursive: true });
  if (force) await rm(file, { force: true });
  try {
    await writeFile(file, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    await refuseExisting(file);
    throw error;
  }
  return { file };
}

async function refuseExisting(file: string): Promise<void> {
  const exists = await lstat(file).then(
    () => true,
    () => false,
  );
  if (exists) throw new AppError("settings:exists", `${file} exists already`);
}

/** A text in YAML's double quotes, in which `${` means nothing. */
const quoted = (text: string): string => JSON.stringify(escapeVariables(text));

const newSecret = (): string => randomBytes(32).toString("hex");

const PORT = 8080;

const head = (port: number): string => `# Settings of Hookwright. Every key: docs/reference/settings.md
# Check this file without starting:  npm run hookwright -- check
# A running server takes changes over by itself; a file with a mistake is refused and the old settings stay.
# yaml-language-server: $schema=./docs/reference/settings.schema.json

server:
  # Only this machine reaches it. Put a proxy with TLS in front of it for the world.
  listen: 127.0.0.1:${port}

# Where deliveries and tasks are kept.
store: sqlite:./data/hookwright.db
`;

const starterText = (dir: string, port: number): string => `${head(port)}
sources:
  # One entry for each sender. Its webhooks go to http://…/hooks/NAME
  demo:
    kind: github
    # Random, made for you. Better kept elsewhere: "\${DEMO_SECRET}" reads the environment, { file: ./secret } a file.
    secrets: ["${newSecret()}"]
  # my-app:
  #   kind: github                       # or gitlab, gitea, gogs, generic
  #   secrets: ["${newSecret()}"]

actions:
  deploy-demo:
    description: Deploys the demo site in ./demo/site to ./demo/live
    params:
      sha: { pattern: "[0-9a-f]{40}" }
    on:
      # What starts it: a push to main that the source above has proved to be real.
      - { source: demo, event: push, branch: main, with: { sha: event.commit.sha } }
    workdir: ./demo/live
    timeout: 5m
    steps:
      - name: source
        git: { repository: ${quoted(join(dir, "demo", "site"))}, ref: "\${{ params.sha }}" }
      - name: build
        run: [node, build.mjs]
        timeout: 1m
      - name: publish
        run: [node, publish.mjs, "\${{ params.sha }}"]
        # Taken back, last first, when a later step fails, or somebody cancels.
        undo: { run: [node, publish.mjs, --undo] }
      - name: check
        run: [node, check.mjs]
        retries: 1
  # deploy-my-app:
  #   on: [{ source: my-app, event: push, branch: main, with: { sha: event.commit.sha } }]
  #   params: { sha: { pattern: "[0-9a-f]{40}" } }
  #   workdir: /srv/my-app
  #   steps:
  #     - git: { repository: https://github.com/me/my-app.git, ref: "\${{ params.sha }}" }
  #     - run: [npm, ci]
  #     - run: [systemctl, restart, my-app]
`;

const projectText = (repository: string): string => `${head(PORT)}
sources:
  app:
    kind: github # or gitlab, gitea, gogs, generic
    # Give this to the sender as the webhook's secret; its URL is https://YOUR-HOST/hooks/app
    secrets: ["${newSecret()}"]

actions:
  deploy:
    params:
      sha: { pattern: "[0-9a-f]{40}" }
    on:
      - { source: app, event: push, branch: main, with: { sha: event.commit.sha } }
    workdir: ./app
    timeout: 30m
    steps:
      - git: { repository: ${quoted(repository)}, ref: "\${{ params.sha }}" }
      # - run: [npm, ci]
      # - run: [systemctl, restart, app]
`;
