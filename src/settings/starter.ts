import { randomBytes } from "node:crypto";
import { access, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AppError } from "../domain/errors.ts";
import { createDemoRepository } from "./demo-repository.ts";

export interface StarterOptions {
  /** Folder to write into; made when missing. */
  readonly dir: string;
  /** Replace what is there. */
  readonly force?: boolean;
}

export interface Starter {
  /** Absolute path of the settings file. */
  readonly file: string;
}

/** Writes a settings file with a demo: a small git repository and an action that deploys it. Rejects `settings:exists`. */
export async function writeStarter({ dir, force = false }: StarterOptions): Promise<Starter> {
  const file = await writeSettings({ dir, force, text: starterText(resolve(dir)) });
  await createDemoRepository(join(dir, "demo", "site"));
  return { file };
}

export interface InitOptions extends StarterOptions {
  /** URL of the repository to deploy. */
  readonly repository: string;
}

/** Writes a settings file for a real repository, without the demo. Rejects `settings:exists`. */
export async function writeProjectSettings({
  dir,
  repository,
  force = false,
}: InitOptions): Promise<Starter> {
  return { file: await writeSettings({ dir, force, text: projectText(repository) }) };
}

interface WriteOptions {
  readonly dir: string;
  readonly force: boolean;
  readonly text: string;
}

async function writeSettings({ dir, force, text }: WriteOptions): Promise<string> {
  await mkdir(dir, { recursive: true });
  const file = resolve(dir, "hookwright.yaml");
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  if (exists && !force) throw new AppError("settings:exists", `${file} exists already`);
  // It holds secrets.
  await writeFile(file, text, { mode: 0o600 });
  return file;
}

const newSecret = (): string => randomBytes(32).toString("hex");

const HEAD = `# Settings of Hookwright. Every key: docs/reference/settings.md
# Check this file without starting:  npm run hookwright -- check
# A running server takes changes over by itself; a file with a mistake is refused and the old settings stay.
# yaml-language-server: $schema=./docs/reference/settings.schema.json

server:
  # Only this machine reaches it. Put a proxy with TLS in front of it for the world.
  listen: 127.0.0.1:8080

# Where deliveries and tasks are kept.
store: sqlite:./data/hookwright.db
`;

const starterText = (dir: string): string => `${HEAD}
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
        git: { repository: "${join(dir, "demo", "site")}", ref: "\${{ params.sha }}" }
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

const projectText = (repository: string): string => `${HEAD}
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
      - git: { repository: ${JSON.stringify(repository)}, ref: "\${{ params.sha }}" }
      # - run: [npm, ci]
      # - run: [systemctl, restart, app]
`;
