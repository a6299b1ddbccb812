import { chmod, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runCommand } from "../../src/lib/processes/run-command.ts";
import { stepKinds } from "../../src/steps/registry.ts";
import type { StepContext, StepResult } from "../../src/steps/step.ts";
import { createWorkbench, type Workbench } from "./workbench.ts";

let bench: Workbench;
let app: string;
let server: Server;
let url: string;

/** The app answers with the word in `current/answer`: 200 when that is `well…`. */
beforeEach(async () => {
  bench = await createWorkbench({ "params.sha": "abc" });
  app = join(bench.dir, "app");
  await mkdir(join(bench.dir, "source"));
  server = createServer((_request, response) => {
    readFile(join(app, "current/answer"), "utf8").then(
      (text) => response.writeHead(text.startsWith("well") ? 200 : 500).end(text),
      () => response.writeHead(503).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});
afterEach(async () => {
  server.close();
  await bench.remove();
});

const RESTART = ["sh", "-c", 'pwd -P >> "$HOME/restarts"; echo restarted'];

const release = (
  options: Record<string, unknown> = {},
  change: Partial<StepContext> = {},
): Promise<StepResult> =>
  bench.run(
    "release",
    {
      app: "web",
      dir: app,
      from: "source",
      runtime: "command",
      restart: RESTART,
      health: { http: url, within: "2s", interval: "10ms" },
      ...options,
    },
    change,
  );

async function source(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(bench.dir, "source", name);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, text);
  }
}

const current = async (): Promise<string> => (await readlink(join(app, "current"))).replace("releases/", "");
const restarts = async (): Promise<string[]> =>
  (await readFile(join(bench.dir, "restarts"), "utf8")).trim().split("\n");

describe("release", () => {
  it("copies the folder without .git, builds there, switches, restarts and waits for the health check", async () => {
    await source({ answer: "well", "lib/x.js": "x", ".git/HEAD": "ref: x" });
    await chmod(join(bench.dir, "source/lib/x.js"), 0o755);
    await symlink("lib/x.js", join(bench.dir, "source/link"));
    const { outputs } = await release({
      build: [["sh", "-c", "echo built > built"]],
      commit: "${{ params.sha }}",
    });
    const id = await current();
    expect(outputs).toEqual({ release: id, previous: "", folder: join(app, "releases", id) });
    expect(await readdir(join(app, "current"))).toEqual(["answer", "built", "lib", "link"]);
    expect((await lstat(join(app, "current/lib/x.js"))).mode & 0o777).toBe(0o755);
    expect(await readlink(join(app, "current/link"))).toBe("lib/x.js");
    expect(await restarts()).toEqual([join(app, "releases", id)]);
    expect(await bench.context.releases.list("web")).toMatchObject([{ id, state: "healthy", commit: "abc" }]);
    expect(bench.lines).toContain("restarted");
  });

  it("goes back by itself when the new release is not well, and restarts the old one", async () => {
    await source({ answer: "well 1" });
    const first = (await release()).outputs?.["release"];
    await source({ answer: "broken" });
    await expect(release({ health: { http: url, within: "200ms", interval: "10ms" } })).rejects.toThrow(
      /was not well in time: it answered 500/,
    );
    expect(await current()).toBe(first);
    expect(await readdir(join(app, "releases"))).toEqual([first]);
    expect((await restarts()).map((line) => line.endsWith(String(first)))).toEqual([true, false, true]);
    expect((await bench.context.releases.list("web")).map(({ state }) => state)).toEqual([
      "failed",
      "healthy",
    ]);
    expect(bench.lines).toContain(`Back at the release ${String(first)}`);
  });

  it("goes back when the restart fails, and leaves nothing when there was nothing before", async () => {
    await source({ answer: "well" });
    await expect(release({ restart: ["sh", "-c", "exit 3"] })).rejects.toThrow("exited with 3");
    expect(await readdir(app)).toEqual(["releases"]);
    expect(await readdir(join(app, "releases"))).toEqual([]);
  });

  it("never switches to a release whose build failed", async () => {
    await source({ answer: "well" });
    await expect(release({ build: [["false"]] })).rejects.toThrow("`false` exited with 1");
    await expect(readFile(join(bench.dir, "restarts"))).rejects.toThrow("ENOENT");
  });

  it("goes back when it is cancelled while it waits, with commands that still run", async () => {
    await source({ answer: "well" });
    const first = (await release()).outputs?.["release"];
    await source({ answer: "broken" });
    const cancel = new AbortController();
    const command: StepContext["command"] = ({ quiet: _, ...options }) =>
      runCommand({
        cwd: bench.dir,
        ...options,
        env: { ...bench.context.env, ...options.env },
        signal: cancel.signal,
        graceMs: 100,
        onLine: () => undefined,
      });
    const health = { http: url, within: "1m", interval: "10ms" };
    const running = release({ health }, { signal: cancel.signal, command, afterStop: () => bench.context });
    running.catch(() => undefined);
    await vi.waitFor(() => expect(bench.lines.join("\n")).toContain("it answered 500"));
    cancel.abort(new Error("cancelled"));
    await expect(running).rejects.toThrow("cancelled");
    expect(await current()).toBe(first);
    expect((await restarts()).at(-1)).toBe(join(app, "releases", String(first)));
  });

  it("keeps shared paths over releases", async () => {
    await source({ answer: "well", "var/uploads/first": "1", "config.json": "{}" });
    const shared = ["var/uploads", "config.json", "cache"];
    await release({ shared });
    await writeFile(join(app, "current/var/uploads/second"), "2");
    await source({ "config.json": "other" });
    await release({ shared });
    expect(await readdir(join(app, "current/var/uploads"))).toEqual(["first", "second"]);
    expect(await readFile(join(app, "current/config.json"), "utf8")).toBe("{}");
    expect(await readlink(join(app, "current/var/uploads"))).toBe("../../../shared/var/uploads");
    expect((await lstat(join(app, "shared/cache"))).isDirectory()).toBe(true);
  });

  it("follows no link out of the release to a shared path", async () => {
    await source({ answer: "well" });
    await symlink("/tmp", join(bench.dir, "source/out"));
    await expect(release({ shared: ["out/x"] })).rejects.toThrow(/shared path out\/x: .*leads out of/);
  });

  it("removes all but the newest releases", async () => {
    await source({ answer: "well" });
    const ids: string[] = [];
    for (let count = 0; count < 4; count += 1) {
      ids.push((await release({ keep: 2 })).outputs?.["release"] ?? "");
    }
    expect((await readdir(join(app, "releases"))).toSorted()).toEqual(ids.slice(2).toSorted());
    const states = (await bench.context.releases.list("web")).map(({ state }) => state);
    expect(states).toEqual(["healthy", "healthy", "removed", "removed"]);
  });

  it("clears up what a dying server left half made", async () => {
    await source({ answer: "well" });
    const left = {
      app: "web",
      id: "20200101T000000Z-aaaaaa",
      dir: app,
      commit: null,
      state: "preparing",
    } as const;
    await bench.context.releases.put({ ...left, createdAt: "2020-01-01T00:00:00.000Z", activatedAt: null });
    await mkdir(join(app, "releases", left.id), { recursive: true });
    await release();
    expect(await readdir(join(app, "releases"))).not.toContain(left.id);
    expect((await bench.context.releases.list("web")).map(({ state }) => state)).toEqual([
      "healthy",
      "failed",
    ]);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ["a folder that is not there", { from: "nowhere" }, /no folder .*nowhere/],
    ["a folder that holds the app's own", { from: "." }, /is within/],
    ["an empty folder", {}, /nothing in .*source/],
  ])("refuses %s", async (_, options, message) => {
    await expect(release(options)).rejects.toThrow(message);
  });

  it("refuses a `current` that is a real folder", async () => {
    await source({ answer: "well" });
    await mkdir(join(app, "current"), { recursive: true });
    await expect(release()).rejects.toThrow(/current is no symbolic link: move it away/);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ runtime: "command" }, "restart"],
    [{ runtime: "systemd" }, "unit"],
    [{ runtime: "docker-compose", unit: "x.service" }, "unit"],
    [{ runtime: "command", restart: ["x"], shared: ["../x"] }, "shared"],
    [{ runtime: "command", restart: ["x"], health: { http: "/healthz" } }, "health"],
    [{ runtime: "command", restart: ["x"], health: { http: "http://${{ params.x }}/" } }, "health"],
    [{ runtime: "command", restart: ["sh", "-c", "echo ${{ params.x }}"] }, "restart"],
  ])("does not take %o", (options, key) => {
    const result = stepKinds.get("release")?.schema.safeParse({ app: "web", ...options });
    expect(result?.error?.issues.map(({ path }) => path[0])).toContain(key);
  });
});

describe("going back", () => {
  const back = (wanted: string | null): Promise<StepResult> => release({}, { goBackTo: { release: wanted } });

  it("goes to the last healthy release, then further back, and to a named one", async () => {
    const ids: string[] = [];
    for (const answer of ["well 1", "well 2", "well 3"]) {
      await source({ answer });
      ids.push((await release()).outputs?.["release"] ?? "");
    }
    const [one, two, three] = ids;
    expect((await back(null)).outputs).toEqual({ release: two, previous: three });
    expect((await back(null)).outputs).toEqual({ release: one, previous: two });
    await expect(back(null)).rejects.toThrow("no earlier healthy release");
    expect((await back(three ?? "")).outputs).toEqual({ release: three, previous: one });
    expect(await (await fetch(url)).text()).toBe("well 3");
    await expect(back(three ?? "")).rejects.toThrow("already");
    await expect(back("../x")).rejects.toThrow("no release ../x");
  });

  it("stays where it is when the older release is not well any more", async () => {
    await source({ answer: "well 1" });
    const first = (await release()).outputs?.["release"] ?? "";
    await source({ answer: "well 2" });
    await release();
    await writeFile(join(app, "releases", first, "answer"), "broken meanwhile");
    const health = { http: url, within: "200ms", interval: "10ms" };
    await expect(release({ health }, { goBackTo: { release: null } })).rejects.toThrow("it answered 500");
    expect(await (await fetch(url)).text()).toBe("well 2");
  });
});

/** Programs that can't run here: they write down how they were called. */
async function stub(name: string, exit = 0): Promise<void> {
  await mkdir(join(bench.dir, "bin"), { recursive: true });
  const file = join(bench.dir, "bin", name);
  await writeFile(file, `#!/bin/sh\necho "${name} $*" >> "$HOME/calls"\nexit ${exit}\n`, { mode: 0o755 });
}
describe("runtimes", () => {
  const calls = async (): Promise<string[]> =>
    (await readFile(join(bench.dir, "calls"), "utf8")).trim().split("\n");
  const withBin = (): Partial<StepContext> => {
    const env = {
      ...bench.context.env,
      PATH: `${join(bench.dir, "bin")}:${bench.context.env["PATH"] ?? ""}`,
    };
    const command: StepContext["command"] = (options) =>
      bench.context.command({ ...options, env: { ...env, ...options.env } });
    return { env, command };
  };

  it("systemd: restarts the unit, and looks whether it is active", async () => {
    await source({ answer: "well" });
    await stub("systemctl");
    await release(
      { runtime: "systemd", restart: undefined, unit: "web@1.service", user_unit: true },
      withBin(),
    );
    expect(await calls()).toEqual([
      "systemctl --user restart web@1.service",
      "systemctl --user is-active web@1.service",
    ]);
  });

  it("docker-compose: brings the project up from the release, and waits for it", async () => {
    await source({ answer: "well" });
    await stub("docker");
    const options = { runtime: "docker-compose", restart: undefined, compose_file: "deploy/compose.yaml" };
    await release({ ...options, app: "My.Web" }, withBin());
    expect(await calls()).toEqual([
      "docker compose --project-name my-web --file deploy/compose.yaml up --detach --build --remove-orphans --wait",
    ]);
  });

  it("fails when systemd says so", async () => {
    await source({ answer: "well" });
    await stub("systemctl", 1);
    await expect(
      release({ runtime: "systemd", restart: undefined, unit: "web.service" }, withBin()),
    ).rejects.toThrow("`systemctl restart web.service` exited with 1");
  });
});
