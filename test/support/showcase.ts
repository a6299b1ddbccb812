import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isEnded } from "../../src/domain/task-machine.ts";
import { newId } from "../../src/lib/ids.ts";
import { openStore } from "../../src/storage/open.ts";
import type { Store } from "../../src/storage/store.ts";
import { startTestServer, type TestServer } from "./server.ts";
import { until } from "./until.ts";

const SECRET = "a-long-enough-secret";

/** Settings as a small company has them; the commands only pretend. */
const SETTINGS = `
work: { concurrency: 3 }
sources:
  shop: { kind: github, secret: "${SECRET}" }
  charts: { kind: gitlab, secret: "${SECRET}" }
  images: { kind: dockerhub, secret: "${SECRET}" }
notify:
  operations: { kind: jobserv, url: "https://10.20.0.4/builds", secret: a-secret, retry_schedule: [0s], events: [task.failed] }
actions:
  deploy-shop:
    description: Builds and releases the shop
    workdir: .
    params:
      sha: { pattern: "[0-9a-f]{40}", description: The commit to deploy }
      reason: { required: false, default: a push, description: For the log }
    on: [{ source: shop, event: push, branch: [main], with: { sha: event.commit.sha } }]
    concurrency: { group: production, policy: queue }
    steps:
      - { name: fetch, shell: "printf 'From https://github.com/octo/shop\\\\n * branch  %s -> FETCH_HEAD\\\\n' $HOOKWRIGHT_PARAM_SHA; sleep 0.3" }
      - { name: install, shell: "printf '\\\\033[1madded 812 packages\\\\033[0m in 14s\\\\n\\\\033[33mnpm warn\\\\033[0m deprecated glob@7.2.3\\\\n'; sleep 0.4" }
      - { name: test, shell: "for n in $(seq 1 14); do printf '\\\\033[32m✓\\\\033[0m test/cart-%s.test.ts \\\\033[2m(%s tests)\\\\033[0m\\\\n' $n $((n * 3)); sleep 0.03; done" }
      - { name: migrate, shell: "echo 'Applying 0042_orders.sql'; sleep 0.2", undo: { shell: "echo 'Reverting 0042_orders.sql'; sleep 0.1" } }
      - { name: restart, shell: "printf '\\\\033[31merror\\\\033[0m: web.service did not become healthy\\\\n' >&2; test -n \\"$GOOD\\"" }
  deploy-docs:
    description: Renders the handbook
    workdir: .
    on: [{ source: shop, event: push, branch: [main], paths: ["docs/**"] }]
    steps:
      - { name: render, shell: "mkdir -p app; date > app/index.html; echo rendered" }
      - { name: publish, release: { app: handbook, from: app, runtime: command, restart: ["true"] } }
  release:
    description: Tags and publishes, after somebody has said yes
    workdir: .
    params: { version: { pattern: "[0-9.]+" } }
    approve: true
    steps: [{ run: [echo, published] }]
  load-test:
    description: An hour of traffic against staging
    workdir: .
    concurrency: { group: staging, policy: queue }
    steps:
      - { name: warm-up, shell: "echo warm; sleep 0.2" }
      - { name: traffic, shell: "for n in $(seq 1 4000); do printf '\\\\033[36m%s\\\\033[0m req/s  p99 \\\\033[35m%s ms\\\\033[0m\\\\n' $((900 + n % 90)) $((20 + n % 13)); sleep 0.2; done" }
      - { name: report, run: [echo, report] }
`;

export interface Showcase {
  readonly server: TestServer;
  readonly places: Readonly<Record<"failed" | "running" | "delivery", string>>;
}

/** A server in the midst of its work, with two weeks behind it. The caller closes it. */
export async function showcase(): Promise<Showcase> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-showcase-"));
  const store = await openStore({ kind: "sqlite", path: join(dir, "data/hookwright.db") });
  await fillPast(store);
  await store.close();
  const server = await startTestServer({ settings: SETTINGS, dir, name: "web-1", labels: ["production"] });
  const push = (message: string, branch = "main") =>
    server.push({ secret: SECRET, path: "/hooks/shop", message, branch, sha: "4f2a9c81".repeat(5) });
  await push("Round prices to whole cents");
  const [failed] = (await server.client.listTasks({ action: "deploy-shop", limit: 1 })).items;
  await until(async () => isEnded((await server.client.getTask(failed?.id ?? "")).state), {
    what: "a failure",
  });
  await push("Try another font", "design");
  await server.push({ secret: "wrong", path: "/hooks/shop" });
  await server.push({ secret: SECRET, path: "/hooks/shop", body: "{" });
  for (const round of ["first", "second"]) {
    const { id } = await server.client.startTask({ action: "deploy-docs", params: {} });
    await until(async () => isEnded((await server.client.getTask(id)).state), {
      what: `the ${round} release`,
    });
  }
  const { id: running } = await server.client.startTask({ action: "load-test", params: {} });
  await server.client.startTask({ action: "load-test", params: {} });
  await server.client.startTask({ action: "release", params: { version: "2.4.0" } });
  await push("Say thank you after an order");
  await server.client.createToken({ name: "ci", scopes: ["deploy"], expires_at: "2030-01-01T00:00:00Z" });
  await server.client.createToken({ name: "wall-screen", scopes: ["read"] });
  await server.client.addUser({ name: "ann", password: newId(), scopes: ["deploy"] });
  await server.client.addUser({ name: "ted", password: newId() });
  await server.client.cancelTask(failed?.id ?? "").catch(() => undefined);
  const { items } = await server.client.listDeliveries({ verdict: "accepted" });
  const close = async (): Promise<void> => {
    await server.close();
    await rm(dir, { recursive: true, force: true });
  };
  return {
    server: { ...server, close },
    places: { failed: failed?.id ?? "", running, delivery: items.at(-1)?.id ?? "" },
  };
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const ACTIONS = ["deploy-shop", "deploy-docs", "deploy-shop", "load-test"];

/** Always the same, so that pictures change only when the pages do. */
async function fillPast(store: Store): Promise<void> {
  const today = new Date().setHours(12, 0, 0, 0);
  for (let day = 13; day >= 1; day -= 1) {
    const count = 3 + ((day * 7) % 11);
    for (let index = 0; index < count; index += 1) {
      const created = today - day * DAY + index * 17 * MINUTE;
      await addEnded(store, created, day * 31 + index * 7);
    }
  }
}

async function addEnded(store: Store, created: number, seed: number): Promise<void> {
  const at = (ms: number): string => new Date(created + ms).toISOString();
  const id = newId();
  const action = ACTIONS[seed % ACTIONS.length] ?? "deploy-shop";
  await store.createTask({
    id,
    action,
    params: {},
    concurrency: { policy: "parallel", group: "past" },
    startedBy: { type: "manual", by: seed % 3 === 0 ? "token:ci" : "token:laptop" },
    deliveryId: null,
    settingsDigest: "past",
    createdAt: at(0),
  });
  await store.claimTasks({ node: "web-1", labels: [], limit: 1, now: at(400 + (seed % 9) * 350) });
  const end = at(9_000 + (seed % 23) * 4_100);
  if (seed % 8 === 5) {
    const stop = { type: "stop", outcome: "failed" } as const;
    await store.transition({ id, signal: stop, reason: "test failed: exit code 1", now: end });
    await store.transition({ id, signal: { type: "undone" }, reason: null, now: end });
  } else await store.transition({ id, signal: { type: "complete" }, reason: null, now: end });
}
