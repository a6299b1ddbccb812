import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { appState, stopApp } from "../../src/lib/supervise/control.ts";
import { readPorts } from "../../src/lib/supervise/spec.ts";
import { isInstalled } from "../support/installed.ts";
import { freePort } from "../support/free-port.ts";
import { type Nginx, startNginx } from "../support/nginx.ts";
import { answerOf, pollSite } from "../support/poll-site.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

/** A small real app: it answers with its version; `/slow` takes a while; a bad one is never well. */
const APP = `
const http = require("node:http");
const version = process.argv[2];
http.createServer((request, response) => {
  if (request.url === "/healthz" && version.startsWith("bad")) return response.writeHead(500).end();
  if (request.url === "/die") process.exit(7);
  setTimeout(() => response.end(version), request.url === "/slow" ? 300 : 0);
}).listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening as " + version));
`;

let dir: string;
let ports: [number, number];
let nginx: Nginx;
let server: TestServer;

const settings = (): string => `
actions:
  deploy:
    params: { version: {} }
    steps:
      - shell: |
          mkdir -p app; cat > app/server.js <<'END'
          ${APP.trim().replaceAll("\n", "\n          ")}
          END
      - release:
          app: web
          from: app
          runtime: process
          run: [node, server.js, "\${{ params.version }}"]
          ports: [${ports.join(", ")}]
          grace: 2s
          health: { http: /healthz, within: 5s, interval: 50ms }
          switch: ${nginx.settings}
`;

async function begin(): Promise<void> {
  dir = await mkdtemp(join(tmpdir(), "hookwright-switch-"));
  ports = [await freePort(), await freePort()];
  nginx = await startNginx(join(dir, "nginx"));
  server = await startTestServer({ settings: settings(), dir });
}
async function end(): Promise<void> {
  await server.close();
  for (const port of ports) await stopApp(join(dir, "data/apps/web"), port);
  await nginx.stop();
  await rm(dir, { recursive: true, force: true });
}

async function deploy(version: string): Promise<string | null> {
  const { id } = await server.client.startTask({ action: "deploy", params: { version } });
  const task = await server.ended(id);
  return task.outcome === "succeeded" ? null : (task.reason ?? "no reason");
}

const answer = (path = "/"): Promise<string> => answerOf(nginx.url + path);

/** The first release: nginx's first worker knows of no app yet. */
async function deployFirst(): Promise<void> {
  const before = await nginx.workers();
  expect(await deploy("v1")).toBeNull();
  await nginx.reloadedSince(before);
  expect(await answer()).toBe("200 v1");
}

describe.skipIf(!isInstalled("nginx"))("a switch between two ports", () => {
  beforeEach(begin);
  afterEach(end);

  it("loses no request: not with a good release, not with a bad one, not on the way back", async () => {
    await deployFirst();
    const stop = pollSite(nginx.url, ["/", "/", "/slow", "/slow"]);
    expect(await deploy("v2")).toBeNull();
    expect(await answer()).toBe("200 v2");
    expect(await deploy("bad")).toMatch(/healthz was not well in time: it answered 500|ended 3 times/);
    expect(await answer()).toBe("200 v2");
    const { items } = await server.client.rollBackApp("web");
    expect(await server.ended(items[0]?.id ?? "")).toMatchObject({ outcome: "succeeded" });
    const seen = await stop();
    expect([...seen.keys()].toSorted()).toEqual(["200 v1", "200 v2"]);
    expect(await answer()).toBe("200 v1");
  });

  it("puts nginx's file back when nginx does not take it", async () => {
    await deployFirst();
    const file = join(dir, "nginx/upstream.inc");
    const before = await readFile(file, "utf8");
    await server.close();
    server = await startTestServer({ settings: settings().replace("upstream: web", "upstream: other"), dir });
    expect(await deploy("v2")).toMatch(/nginx .*exited with 1/);
    expect(await readFile(file, "utf8")).toBe(before);
    expect(await answer()).toBe("200 v1");
  });
});

describe.skipIf(!isInstalled("nginx"))("an app that Hookwright keeps running", () => {
  beforeEach(begin);
  afterEach(end);

  const app = (): string => join(dir, "data/apps/web");
  const active = async (): Promise<number> => (await readPorts(app())).active ?? 0;

  it("outlives the server, is started again when it ends, and when its supervisor was killed", async () => {
    await deployFirst();
    const port = await active();
    const first = await appState(app(), port);
    await server.close();
    expect(await answer()).toBe("200 v1");
    await answer("/die").catch(() => undefined);
    await vi.waitFor(async () => expect(await answer()).toBe("200 v1"), { timeout: 20_000 });
    expect(await appState(app(), port)).toMatchObject({ restarts: 1, lastExit: "exit code 7" });
    process.kill(Number(first?.supervisor.split("@")[0]), "SIGKILL");
    await vi.waitFor(async () => expect(await appState(app(), port)).toBeNull(), { timeout: 20_000 });
    server = await startTestServer({ settings: settings(), dir });
    await vi.waitFor(
      async () => {
        expect(await appState(app(), port)).not.toBeNull();
        expect(await answer()).toBe("200 v1");
      },
      { timeout: 20_000 },
    );
    expect(await readFile(join(app(), `log/${port}.log`), "utf8")).toContain("listening as v1");
  });

  it("is given up soon when it ends again and again, its words in the task's log", async () => {
    await server.close();
    const broken = settings().replace(
      '[node, server.js, "${{ params.version }}"]',
      "[sh, -c, 'echo I am broken; exit 5']",
    );
    server = await startTestServer({ settings: broken, dir });
    const { id } = await server.client.startTask({ action: "deploy", params: { version: "v1" } });
    const task = await server.ended(id);
    expect(task.outcome).toBe("failed");
    expect(task.reason).toContain("The app ended 3 times (exit code 5)");
    expect(await server.lines(id)).toContain("app: I am broken");
    for (const port of ports) expect(await appState(app(), port)).toBeNull();
  });
});
