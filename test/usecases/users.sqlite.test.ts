import { chmod, chown, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { IS_ROOT, passableWorld, runAction, UID, USER, loopsIn } from "../support/confine.ts";
import type { World } from "../support/world.ts";

let world: World;
afterEach(async () => {
  vi.unstubAllEnvs();
  await world.close();
});

const REFUSED =
  /the server may not run commands as nobody: it is not root and has not CAP_CHOWN, .*CAP_SETUID/;

/** What a server that is not root says of all this; true where it had to. */
function refusedAsItMust({ outcome, reason }: { outcome: string | null; reason: string | null }): boolean {
  if (IS_ROOT) return false;
  expect(outcome).toBe("failed");
  expect(reason).toMatch(REFUSED);
  return true;
}

const modeOf = async (path: string): Promise<string> => {
  const { uid, mode } = await stat(path);
  return `${uid} ${(mode & 0o777).toString(8)}`;
};

describe("an action with a user", () => {
  it("runs its commands as that account, with its groups and environment and nothing of the server's", async () => {
    vi.stubEnv("SSH_AUTH_SOCK", "/run/agent-of-the-server");
    world = await passableWorld(`
actions:
  deploy:
    user: ${USER}
    steps:
      - run: [sh, -c, "id -u; id -G; grep ^CapEff /proc/self/status"]
      - shell: "env; touch made"
      - { name: own, run: [id, -un], user: root }
`);
    const result = await runAction(world);
    if (refusedAsItMust(result)) return;
    const { outcome, reason, log } = result;
    expect({ outcome, reason }).toEqual({ outcome: "succeeded", reason: null });
    expect(log).toMatch(/^65534\n65534\nCapEff:\t0+$/m);
    for (const line of ["USER=nobody", "LOGNAME=nobody", "HOME=/nonexistent"])
      expect(log).toContain(`${line}\n`);
    expect(log).not.toContain("agent-of-the-server");
    expect(log).toMatch(/^root$/m);
    expect((await stat(join(world.dir, "data/work/deploy/made"))).uid).toBe(UID);
  });

  it("gets a folder of its own that nobody else can look into, and passes the server's without seeing what is there", async () => {
    world = await passableWorld(`
actions:
  before: { steps: [{ shell: "echo few > eyes" }] }
  deploy:
    user: ${USER}
    steps: [{ shell: "cat ../before/eyes || ls .. || ls ../.. || cat ../../hookwright.db || echo kept out" }]
`);
    expect((await runAction(world, "before")).outcome).toBe("succeeded");
    await chmod(join(world.dir, "data"), 0o700);
    await chmod(join(world.dir, "data/work/before"), 0o755);
    const result = await runAction(world);
    if (refusedAsItMust(result)) return;
    expect(result.log).toMatch(/^kept out$/m);
    expect(await modeOf(join(world.dir, "data/work/deploy"))).toBe(`${UID} 700`);
    expect(await modeOf(join(world.dir, "data/work/before"))).toBe("0 700");
    expect(await modeOf(join(world.dir, "data"))).toBe("0 711");
  });

  it("says what is wrong with its folder, and with an account that is not there", async () => {
    world = await passableWorld(`
actions:
  unknown: { user: no-such-account, steps: [{ name: a, run: ["true"] }] }
  deploy: { user: ${USER}, steps: [{ name: a, run: ["true"] }] }
  closed: { user: ${USER}, workdir: closed/inner, steps: [{ name: a, run: ["true"] }] }
`);
    expect((await runAction(world, "unknown")).reason).toBe(
      "Step a failed: this machine has no account no-such-account",
    );
    await mkdir(join(world.dir, "data/work/deploy"), { recursive: true });
    await mkdir(join(world.dir, "closed/inner"), { recursive: true });
    await chmod(join(world.dir, "closed"), 0o700);
    const [own, closed] = [await runAction(world), await runAction(world, "closed")];
    if (refusedAsItMust(own) || refusedAsItMust(closed)) return;
    const folder = join(world.dir, "data/work/deploy");
    expect(own.reason).toBe(`Step a failed: ${folder} is not nobody's: chown -R nobody: ${folder}`);
    expect(closed.reason).toBe(
      `Step a failed: nobody can't enter ${world.dir}/closed/inner; let others pass: chmod o+x ${world.dir}/closed`,
    );
    await chown(folder, UID, UID);
    await chmod(folder, 0o777);
    expect((await runAction(world)).reason).toContain("can be changed by others: chmod go-w");
  });

  it("is kept out of what is not its", async () => {
    world = await passableWorld(`
actions:
  deploy: { user: ${USER}, workdir: ., steps: [{ shell: "cat secret" }] }
`);
    await writeFile(join(world.dir, "secret"), "for few eyes", { mode: 0o600 });
    const result = await runAction(world);
    if (refusedAsItMust(result)) return;
    expect(result.outcome).toBe("failed");
    expect(result.log).toContain("Permission denied");
    expect(result.log).not.toContain("for few eyes");
  });

  it("runs git as that account, also where a killed one has left its lock, and refuses what another account owns", async () => {
    world = await passableWorld(`
actions:
  deploy:
    user: ${USER}
    steps:
      - { run: [git, init, -q, -b, main, origin] }
      - { shell: "cd origin && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m one" }
      - git: { repository: /DIR/data/work/deploy/origin, dir: site/here, ref: main }
      - { shell: "touch site/here/.git/index.lock" }
      - git: { repository: /DIR/data/work/deploy/origin, dir: site/here, ref: main }
  other:
    user: ${USER}
    steps: [{ name: a, git: { repository: /DIR/data/work/deploy/origin, dir: /DIR/other, ref: main } }]
`);
    const result = await runAction(world);
    if (refusedAsItMust(result)) return;
    expect(result).toMatchObject({ outcome: "succeeded", reason: null });
    expect(result.log).toContain("Removed what a killed git left: index.lock");
    expect((await stat(join(world.dir, "data/work/deploy/site/here/.git"))).uid).toBe(UID);
    await mkdir(join(world.dir, "other"));
    expect((await runAction(world, "other")).reason).toContain(
      `nobody can't write to ${world.dir}/other; give it to`,
    );
  });
});

/** Ignores SIGTERM, has neither the mark nor its parent, and is in a session of its own. */
const STUBBORN = `env -i PATH="$PATH" setsid sh -c 'trap "" TERM; while :; do sleep 0.1; done' "$PWD" > other 2>&1 &`;

describe("a cancel of what runs as another account", () => {
  it("ends all of it, and undoes as that account too", async () => {
    world = await passableWorld(`
actions:
  deploy:
    user: ${USER}
    grace: 300ms
    steps:
      - { name: a, shell: "true", undo: { shell: "id -u > undone" } }
      - { name: b, shell: ${JSON.stringify(`${STUBBORN} touch ready; sleep 1000`)} }
`);
    const { id } = await world.app.startAction({ action: "deploy", params: {}, by: "test" });
    if (!IS_ROOT) {
      refusedAsItMust(await world.ended(id));
      return;
    }
    const folder = join(world.dir, "data/work/deploy");
    await vi.waitFor(() => readFile(join(folder, "ready")), { timeout: 10_000 });
    await vi.waitUntil(() => loopsIn(folder).length > 0, { timeout: 10_000 });
    await world.app.cancelTask({ id, by: "test" });
    expect(await world.ended(id)).toMatchObject({ state: "CANCELLED", outcome: "cancelled" });
    expect(loopsIn(folder)).toEqual([]);
    expect(await readFile(join(folder, "undone"), "utf8")).toBe("65534\n");
    expect((await world.lines(id)).join("\n")).toContain("Nothing of it runs any more");
  });
});
