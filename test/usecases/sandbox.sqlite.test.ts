import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { canSandbox, IS_ROOT, passableWorld, runAction, USER, loopsIn } from "../support/confine.ts";
import type { World } from "../support/world.ts";

let world: World;
afterEach(() => world.close());

const AS_USER = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];

/** As whom a sandboxed action runs, and whether this machine allows it. */
const ACCOUNTS = [
  { who: "the server's account", user: "", can: canSandbox() },
  ...(IS_ROOT ? [{ who: "another account", user: `user: ${USER}`, can: canSandbox(AS_USER) }] : []),
];

it("works for root on every machine that tests run on", async () => {
  world = await passableWorld("actions: {}");
  // Else what is below would show nothing where it has to.
  expect(IS_ROOT && !canSandbox()).toBe(false);
});

async function listen(): Promise<number> {
  const server = createServer((_, response) => response.end("reached\n")).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Prints `yes WHAT` or `no WHAT`. */
const attempts = (list: Readonly<Record<string, string>>): string =>
  Object.entries(list)
    .map(
      ([what, script]) =>
        `if (${script}) > /dev/null 2>&1; then echo "yes ${what}"; else echo "no ${what}"; fi`,
    )
    .join("\n");

const answersIn = (log: string): string[] => log.split("\n").filter((line) => /^(?:yes|no) /.test(line));

async function lay(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(world.dir, name);
    // oxlint-disable-next-line no-await-in-loop -- a few
    await mkdir(join(path, ".."), { recursive: true });
    // oxlint-disable-next-line no-await-in-loop
    await writeFile(path, text);
  }
}

const FILES = {
  "hookwright.yaml": "actions: {}",
  ".env": "SECRET=1",
  "data/work/other/file": "another task's",
  loose: "for all, in /tmp",
  "elsewhere/file": "another action's",
  "given/file": "for all",
  "shared/file": "for all",
};

const settings = (user: string, script: string, sandbox: string): string => `
actions:
  deploy:
    ${user}
    grace: 5s
    sandbox: ${sandbox}
    steps: [{ name: a, shell: ${JSON.stringify(script)} }]
  other: { workdir: elsewhere, steps: [{ run: ["true"] }] }
`;

/** `can` false: a machine that does not allow it says so at each task, and that is what is looked at. */
function refusedAsItMust({ reason }: { reason: string | null }, can: boolean): boolean {
  if (can) return false;
  expect(reason).toContain("bubblewrap can't make a sandbox here");
  return true;
}

describe.each(ACCOUNTS)("a sandboxed action of $who", ({ user, can }) => {
  it("neither sees nor reaches what is the server's, another task's, or the system's", async () => {
    const port = await listen();
    const victim = spawn("sleep", ["1000"]);
    onTestFinished(() => void victim.kill("SIGKILL"));
    const script = attempts({
      settings: "cat DIR/hookwright.yaml",
      env: "cat DIR/.env",
      database: "head -c 1 DIR/data/hookwright.db",
      "other task": "cat DIR/data/work/other/file || cat ../other/file",
      "other action": "cat DIR/elsewhere/file",
      "what is in /tmp": "cat DIR/loose",
      server: `kill -0 ${process.pid} || test -e /proc/${process.pid}`,
      process: `kill -9 ${victim.pid ?? 0}`,
      "other processes": "ps -e -o pid= | awk '$1 > 100' | grep -q . || ls /proc | grep -E '^[0-9]{3}'",
      network: `node -e 'fetch("http://127.0.0.1:${port}").then(() => {}, () => process.exit(1))'`,
      terminal: "exec 3<> /dev/tty",
      system: "touch /etc/made || touch /usr/made || mount -t tmpfs x /mnt || cat /etc/shadow",
      kernel: "dd if=/proc/sys/vm/swappiness of=/proc/sys/vm/swappiness",
      capabilities: "! grep -q '^CapEff:.0*$' /proc/self/status",
      home: 'test -n "$(ls -A "$HOME")"',
      "given, to change it": "echo more >> DIR/given/file",
      given: "cat DIR/given/file",
      shared: "cat DIR/shared/file && touch DIR/shared/made",
      "own folder": "touch made && test -e DIR/data/work/deploy/made",
      "own /tmp": "touch /tmp/made && test -c /dev/null",
    });
    world = await passableWorld(settings(user, script, "{ network: false, read: [given], write: [shared] }"));
    await lay(FILES);
    const result = await runAction(world);
    if (refusedAsItMust(result, can)) return;
    const reaches = new Set(["given", "own folder", "own /tmp", ...(user === "" ? ["shared"] : [])]);
    const asked = [...script.matchAll(/echo "yes (.*?)"/g)].map(([, what = ""]) => what);
    expect(answersIn(result.log)).toEqual(asked.map((what) => `${reaches.has(what) ? "yes" : "no"} ${what}`));
    expect(result.outcome).toBe("succeeded");
    expect(victim.exitCode ?? victim.signalCode).toBeNull();
    expect(await readdir(join(world.dir, "data/work/deploy"))).toContain("made");
    expect((await stat(join(world.dir, "data/hookwright.db"))).size).toBeGreaterThan(0);
  });

  it("has a network where that is not turned off, and its exit code counts", async () => {
    const port = await listen();
    const script = `node -e 'fetch("http://127.0.0.1:${port}").then((r) => r.text()).then(console.log)'; exit 7`;
    world = await passableWorld(settings(user, script, "true"));
    const result = await runAction(world);
    if (refusedAsItMust(result, can)) return;
    expect(result.log).toMatch(/^reached$/m);
    expect(result.reason).toContain("7");
  });

  it("has time to end well when it is cancelled, and is not there any more then", async () => {
    const script = `trap 'echo well > ended; exit' TERM; (setsid env -i sh -c 'trap "" TERM; while :; do sleep 0.1; done' "$PWD" &) ; touch ready; while :; do sleep 0.1; done`;
    world = await passableWorld(settings(user, script, "{ network: false }"));
    const { id } = await world.app.startAction({ action: "deploy", params: {}, by: "test" });
    if (!can) {
      refusedAsItMust(await world.ended(id), can);
      return;
    }
    const folder = join(world.dir, "data/work/deploy");
    await vi.waitFor(() => readFile(join(folder, "ready")), { timeout: 10_000 });
    await vi.waitUntil(() => loopsIn(folder).length > 0, { timeout: 10_000 });
    await world.app.cancelTask({ id, by: "test" });
    expect(await world.ended(id)).toMatchObject({ outcome: "cancelled" });
    expect(await readFile(join(folder, "ended"), "utf8")).toBe("well\n");
    expect(loopsIn(folder)).toEqual([]);
  });
});

describe("what a sandboxed step leaves behind", () => {
  const can = canSandbox();

  it("does not make a folder writable to the next one by a link", async () => {
    world = await passableWorld(`
actions:
  deploy:
    sandbox: true
    steps:
      - { shell: "ln -s DIR/target sub" }
      - { name: into, shell: "touch made", workdir: sub }
`);
    await mkdir(join(world.dir, "target"));
    const result = await runAction(world);
    if (refusedAsItMust(result, can)) return;
    expect(result.reason).toContain("sub leads out of");
    expect(await readdir(join(world.dir, "target"))).toEqual([]);
  });

  it("is what git finds in a sandbox, too", async () => {
    const trap = "touch DIR/data/work/deploy/ran; touch DIR/target/escaped; git-upload-pack";
    world = await passableWorld(`
actions:
  deploy:
    sandbox: true
    env: { GIT_AUTHOR_NAME: a, GIT_AUTHOR_EMAIL: a@b, GIT_COMMITTER_NAME: a, GIT_COMMITTER_EMAIL: a@b }
    steps:
      - { shell: "git init -q -b main origin && cd origin && git commit -q --allow-empty -m one" }
      - git: { repository: /DIR/data/work/deploy/origin, dir: site, ref: main }
      - { shell: "git -C site config remote.hookwright.uploadpack '${trap}' && git -C origin commit -q --allow-empty -m two" }
      - git: { repository: /DIR/data/work/deploy/origin, dir: site, ref: main }
`);
    await mkdir(join(world.dir, "target"));
    const result = await runAction(world);
    if (refusedAsItMust(result, can)) return;
    expect(result).toMatchObject({ outcome: "succeeded", reason: null });
    expect(await readdir(join(world.dir, "data/work/deploy"))).toContain("ran");
    expect(await readdir(join(world.dir, "target"))).toEqual([]);
  });
});
