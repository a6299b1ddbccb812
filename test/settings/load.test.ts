import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { settingsFromEnvironment } from "../../src/settings/environment.ts";
import { builtInKinds } from "../../src/settings/kinds.ts";
import { loadSettings, parseSettings } from "../../src/settings/load.ts";
import { load, problemsOf, temporaryFolder } from "./settings-file.ts";

const MINIMAL = "actions: { a: { steps: [{ run: [npm, ci] }] } }";

describe("settings", () => {
  it("have defaults for all that is not said", async () => {
    const dir = await temporaryFolder();
    const settings = await load(MINIMAL, { dir });
    expect(settings).toMatchObject({
      file: join(dir, "hookwright.yaml"),
      dir,
      text: MINIMAL,
      digest: createHash("sha256").update(MINIMAL).digest("hex"),
      server: {
        host: "127.0.0.1",
        port: 8080,
        publicUrl: null,
        maxBufferedBytes: 256 * 1024 * 1024,
        requestTimeoutMs: 30_000,
        drainTimeoutMs: 600_000,
        replayWindowMs: 86_400_000,
      },
      store: { kind: "sqlite", path: join(dir, "data/hookwright.db") },
      dataDir: join(dir, "data"),
      work: { concurrency: 4, dir: join(dir, "data/work") },
      retention: {
        bodiesMs: 30 * 86_400_000,
        deliveriesMs: 90 * 86_400_000,
        logsMs: 30 * 86_400_000,
        tasksMs: 90 * 86_400_000,
        auditMs: null,
        maxBytes: 10_000_000_000,
      },
      sources: {},
      github: { token: null, apiUrl: "https://api.github.com" },
      kapp: { tokenHash: null },
      secretValues: [],
      warnings: [],
    });
    expect(settings.actions["a"]).toEqual({
      name: "a",
      description: null,
      params: {},
      on: [],
      skipIfCommitMessage: [],
      concurrency: { policy: "queue", group: "a" },
      timeoutMs: 3_600_000,
      graceMs: 10_000,
      onCrash: "lost",
      approval: null,
      debounceMs: null,
      runsOn: null,
      env: {},
      workdir: null,
      user: null,
      sandbox: null,
      maxLogBytes: 10 * 1024 * 1024,
      notify: null,
      steps: [
        {
          name: "npm ci",
          kind: "run",
          options: ["npm", "ci"],
          env: {},
          workdir: null,
          user: null,
          sandbox: null,
          timeoutMs: null,
          retries: 0,
          continueOnError: false,
          progress: null,
          undo: null,
        },
      ],
    });
  });

  it("are read into milliseconds, bytes and lists", async () => {
    const text = `
server: { listen: "[::1]:9000", public_url: https://hooks.example.com/, max_buffered: 1.5MiB, request_timeout: 1m30s }
sources: { app: { kind: gitlab, secret: 0123456789abcdef, body_limit: 1kB } }
actions:
  deploy:
    params: { sha: { pattern: "[0-9a-f]{40}" }, note: { default: none }, x: { required: false, allow_leading_dash: true } }
    on: [{ source: app, event: push, branch: [main, "release/*"], when: event.deleted == false, with: { sha: event.commit.sha } }]
    concurrency: { policy: supersede, group: web }
    timeout: 1d
    grace: 0s
    env: { A: 1, B: true, C: text }
    steps:
      - { run: [x], timeout: 90s, retries: 2, continue_on_error: true, progress: 40, workdir: sub, undo: { run: [y], timeout: 3h } }
`;
    expect(await load(text)).toMatchObject({
      server: {
        host: "::1",
        port: 9000,
        publicUrl: "https://hooks.example.com",
        maxBufferedBytes: 1_572_864,
        requestTimeoutMs: 90_000,
      },
      sources: { app: { path: "/hooks/app", source: { name: "app", kind: "gitlab", bodyLimit: 1_000 } } },
      actions: {
        deploy: {
          params: {
            sha: { pattern: "[0-9a-f]{40}", required: true, default: null, allowLeadingDash: false },
            note: { required: false, default: "none" },
            x: { required: false, default: null, allowLeadingDash: true },
          },
          on: [
            {
              source: "app",
              event: ["push"],
              branch: ["main", "release/*"],
              tag: [],
              when: "event.deleted == false",
            },
          ],
          concurrency: { policy: "supersede", group: "web" },
          timeoutMs: 86_400_000,
          graceMs: 0,
          env: { A: "1", B: "true", C: "text" },
          steps: [
            {
              timeoutMs: 90_000,
              retries: 2,
              continueOnError: true,
              progress: 40,
              workdir: "sub",
              undo: { kind: "run", name: "y", timeoutMs: 10_800_000 },
            },
          ],
        },
      },
    });
  });

  it("take relative paths from the file's folder", async () => {
    const text =
      "store: sqlite:db/x.db\nwork: { dir: ../work }\nactions: { a: { workdir: ./app, steps: [{ run: [x] }] } }";
    const dir = await temporaryFolder();
    const { store, dataDir, work, actions } = await load(text, { dir });
    expect(store).toEqual({ kind: "sqlite", path: join(dir, "db/x.db") });
    expect([dataDir, work.dir, actions["a"]?.workdir]).toEqual([
      join(dir, "db"),
      join(dir, "../work"),
      join(dir, "app"),
    ]);
  });

  it("can't be changed, at any depth", async () => {
    const text = `sources: { app: { kind: github, secret: 0123456789abcdef } }\n${MINIMAL}`;
    const settings = await load(text);
    const open: string[] = [];
    const look = (value: unknown, path: string): void => {
      if (typeof value !== "object" || value === null) return;
      if (!Object.isFrozen(value)) open.push(path);
      for (const [key, item] of Object.entries(value)) look(item, `${path}.${key}`);
    };
    look(settings, "settings");
    expect(open).toEqual([]);
    expect(() => Object.assign(settings.server, { port: 1 })).toThrow(TypeError);
  });

  it("have another digest when any byte is another", async () => {
    const [one, same, other] = [await load(MINIMAL), await load(MINIMAL), await load(`${MINIMAL}\n`)];
    expect(one.digest).toBe(same.digest);
    expect(one.digest).not.toBe(other.digest);
  });

  it("may leave a part empty", async () => {
    const settings = await load("server:\nwork:\nsources:\nactions:\n");
    expect(settings).toMatchObject({
      server: { port: 8080 },
      work: { concurrency: 4 },
      sources: {},
      actions: {},
    });
  });

  it.each([
    ["a number", "9000", 9000],
    ["empty", "", 8080],
  ])("take the port from the environment: %s", async (_what, port, expected) => {
    expect((await load(MINIMAL, { env: { PORT: port } })).server.port).toBe(expected);
    expect(
      (await load(`server: { listen: "127.0.0.1:1" }\n${MINIMAL}`, { env: { PORT: port } })).server.port,
    ).toBe(1);
  });

  it("refuse a port of the environment that is none", async () => {
    expect(await problemsOf(MINIMAL, { env: { PORT: "http" } })).toEqual([
      "1:1 server.listen: the environment's PORT must be a number from 0 to 65535",
    ]);
  });

  it("take the K-App hash from the environment, unless the file has one", async () => {
    const env = { TOKEN_HASH: "$argon2id$of-the-environment" };
    expect((await load(MINIMAL, { env })).kapp.tokenHash).toBe(env.TOKEN_HASH);
    const own = `kapp: { token_hash: $argon2id$of-the-file }\n${MINIMAL}`;
    expect((await load(own, { env })).kapp.tokenHash).toBe("$argon2id$of-the-file");
  });

  it("can be read from a file that is a link", async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, "real.yaml"), MINIMAL);
    const { symlink } = await import("node:fs/promises");
    await symlink("real.yaml", join(dir, "link.yaml"));
    const { file, actions } = await loadSettings({ file: join(dir, "link.yaml"), env: {} });
    expect([file, Object.keys(actions)]).toEqual([join(dir, "link.yaml"), ["a"]]);
  });

  it("show no file's name where there is none", () => {
    const input = { file: null, dir: "/", env: {}, kinds: builtInKinds };
    expect(() => parseSettings({ ...input, text: "stoer: x" })).toThrow(
      'settings:1:1 stoer: unknown key; did you mean "store"?',
    );
  });
});

describe("settings from the environment alone", () => {
  it("are K-App's with TOKEN_HASH, on PORT or 3000", () => {
    const env = { TOKEN_HASH: "$argon2id$v=19$m=65536" };
    expect(settingsFromEnvironment(env)).toMatchObject({
      file: null,
      server: { host: "127.0.0.1", port: 3000 },
      kapp: { tokenHash: env.TOKEN_HASH },
      actions: { "deploy-prod": {}, "deploy-staging": {} },
      warnings: [],
    });
    expect(settingsFromEnvironment({ ...env, PORT: "4000" })?.server.port).toBe(4000);
  });

  it("are none without", () => {
    expect(settingsFromEnvironment({ PORT: "3000" })).toBeNull();
  });
});
