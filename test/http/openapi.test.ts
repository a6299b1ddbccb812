import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import { z } from "zod";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openapiDocument } from "../../scripts/openapi.ts";
import { receivedSchema } from "../../src/client/schemas.ts";
import { hashPassword } from "../../src/lib/passwords.ts";
import { fetchOpenapi, operationsOf, type OpenapiDocument, type Operation } from "../support/openapi.ts";
import { serveWorld } from "../support/serve-world.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { type FakeArchives, startFakeArchives } from "../fakes/github-archives.ts";
import { createWorld } from "../support/world.ts";

const SECRET = "a-long-enough-secret";
const KAPP_TOKEN = "k-app's token";
const settingsFor = (github: string): string => `
github: { api_url: "${github}" }
outbound: { allow: [127.0.0.1] }
metrics: { enabled: true }
sources: { app: { kind: github, secret: "${SECRET}" }, argo: { kind: argocd, secret: "${SECRET}" } }
deploy: { apps: { hello: { repository: dscape/hello, users: [dscape] } } }
actions:
  deploy:
    description: Deploys
    workdir: .
    params: { sha: { pattern: "[0-9a-f]+", description: Which } }
    on: [{ source: app, event: push, branch: [main], with: { sha: event.commit.sha } }]
    steps:
      - { name: out, run: { argv: [echo, hello], output: text }, undo: { run: [echo, undone] } }
      - run: ["false"]
  release:
    workdir: .
    steps:
      - shell: "mkdir -p web; echo x > web/x"
      - release: { app: web, from: web, runtime: command, restart: ["true"] }
  back:
    on: [{ source: argo, event: health, when: "event.status == 'Degraded'" }]
    steps: [{ run: ["true"] }]
  careful: { approve: true, workdir: ., steps: [{ run: ["true"] }] }
notify:
  # Refused by the guard, and given up at once.
  ops: { kind: generic, url: "http://127.0.0.3:9/in", retry_schedule: [0s] }
`;

let server: TestServer;
let github: FakeArchives;
let document: OpenapiDocument;
let operations: Operation[];
beforeAll(async () => {
  const env = { TOKEN_HASH: await hashPassword(KAPP_TOKEN) };
  github = await startFakeArchives({ repositories: {}, users: { ghp_good: "octocat" } });
  server = await startTestServer({ settings: settingsFor(github.url), file: true, env });
  document = await fetchOpenapi(server.url);
  operations = operationsOf(document);
});
afterAll(async () => {
  await server.close();
  await github.close();
});

describe("the OpenAPI document", () => {
  it("is valid OpenAPI 3.1", async () => {
    const result = await new Validator().validate(structuredClone(document));
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
    expect(document.openapi).toBe("3.1.0");
  });

  it("has every route of the server, and no other", async () => {
    const world = await createWorld({ settings: settingsFor(github.url) });
    const { http } = await serveWorld(world);
    const routes = (await http.routes()).filter((route) => !/^HEAD | \/ui\b/.test(route));
    await http.close();
    await world.close();
    const documented = operations
      // The sources' paths come from the settings, not from routes.
      .filter(({ id }) => id !== "receiveWebhook")
      .map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`);
    expect(documented.toSorted()).toEqual([...routes].toSorted());
  });

  it("names each operation once, and what it needs", () => {
    const ids = operations.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(operations.filter(({ scope }) => scope === "none said")).toEqual([]);
  });

  it("is what docs/reference has: npm run generate", async () => {
    const file = fileURLToPath(new URL("../../docs/reference/openapi.json", import.meta.url));
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual(await openapiDocument());
  });
});

/** Answers by operation. */
type Answers = Map<string, Response[]>;
type Ask = (operation: string, answer: Promise<Response>) => Promise<Response>;

const POST = { method: "POST" };

/** Requests that reach every operation, and each of its documented answers to what is right. */
async function askEverything(): Promise<Answers> {
  const answers: Answers = new Map();
  const ask: Ask = async (operation, answer) => {
    const response = await answer;
    answers.set(operation, [...(answers.get(operation) ?? []), response]);
    return response.clone();
  };
  const received = receivedSchema.parse(await (await askIntake(ask)).json());
  const task = received.tasks[0]?.id ?? "";
  await server.ended(task);
  await askDeliveries(ask, received.delivery);
  await askTasks(ask, task);
  await askApprovals(ask);
  await askRevisions(ask);
  await askReleases(ask);
  await askEndpoints(ask);
  await askJobserv(ask, task);
  await askTokens(ask);
  await askUsers(ask);
  await askDeploys(ask);
  await askKapp(ask, task);
  await askRest(ask);
  return answers;
}

async function askIntake(ask: Ask): Promise<Response> {
  const operation = "receiveWebhook";
  const first = await ask(operation, server.push({ secret: SECRET, id: "a" }));
  await ask(operation, server.push({ secret: SECRET, id: "a" }));
  await ask(operation, server.push({ secret: SECRET, event: "ping", body: "{}" }));
  await ask(operation, server.push({ secret: SECRET, branch: "other" }));
  await ask(operation, server.push({ secret: "wrong" }));
  await ask(operation, server.push({ secret: SECRET, body: "{" }));
  return first;
}

async function askDeliveries(ask: Ask, id: string): Promise<void> {
  const { api } = server;
  await ask("listDeliveries", api("/deliveries?limit=2"));
  await ask("listDeliveries", api("/deliveries?limit=x"));
  for (const delivery of [id, "none"]) {
    const path = `/deliveries/${delivery}`;
    await ask("getDelivery", api(path));
    await ask("getDeliveryBody", api(`${path}/body`));
    await ask("explainDelivery", api(`${path}/explain`));
    await ask("replayDelivery", api(`${path}/replay`, POST));
    await ask("replayDelivery", api(`${path}/replay`, { json: { dry_run: true } }));
  }
}

async function askRevisions(ask: Ask): Promise<void> {
  const { api } = server;
  const headers = { authorization: `Bearer ${SECRET}` };
  for (const digit of ["a", "b"]) {
    const body = JSON.stringify({ app: "web", status: "Healthy", revision: digit.repeat(40) });
    await server.fetch("/hooks/argo", { ...POST, headers, body });
  }
  await ask("listRevisions", api("/revisions"));
  for (const json of [{ app: "web", dry_run: true }, { app: "web" }, { app: "web" }, { app: "none" }, {}]) {
    await ask("rollBackRevision", api("/revisions/rollback", { json }));
  }
}

async function askApprovals(ask: Ask): Promise<void> {
  const { api } = server;
  for (const verb of ["approve", "refuse"] as const) {
    const { id } = await server.client.startTask({ action: "careful", params: {} });
    await ask("getTask", api(`/tasks/${id}`));
    for (const task of [id, id, "none"]) await ask(`${verb}Task`, api(`/tasks/${task}/${verb}`, POST));
  }
}

async function askTasks(ask: Ask, ended: string): Promise<void> {
  const { api } = server;
  const start = { action: "deploy", params: { sha: "abc" } };
  await ask("listTasks", api("/tasks"));
  await ask("listTasks", api("/tasks?state=x"));
  await ask("startTask", api("/tasks", { json: start }));
  await ask("startTask", api("/tasks", { json: { ...start, dry_run: true } }));
  await ask("startTask", api("/tasks", { json: { action: "deploy" } }));
  const { id: waiting } = await server.client.startTask(start);
  await ask("cancelTask", api(`/tasks/${waiting}/cancel`, POST));
  for (const id of [ended, "none"]) {
    await ask("getTask", api(`/tasks/${id}`));
    await ask("cancelTask", api(`/tasks/${id}/cancel`, POST));
    await ask("retryTask", api(`/tasks/${id}/retry`, POST));
    await ask("listLog", api(`/tasks/${id}/log`));
    await ask("followTask", api(`/tasks/${id}/events`));
    await ask("purgeLog", api(`/tasks/${id}/log`, { method: "DELETE" }));
  }
}

async function askReleases(ask: Ask): Promise<void> {
  const { api } = server;
  for (let count = 0; count < 2; count += 1) {
    const { id } = await server.client.startTask({ action: "release" });
    await server.ended(id);
  }
  await ask("listReleases", api("/releases?app=web"));
  for (const app of ["web", "none"]) await ask("rollBackApp", api(`/apps/${app}/rollback`, { json: {} }));
}

async function askEndpoints(ask: Ask): Promise<void> {
  const { api, client } = server;
  await ask("listEndpoints", api("/endpoints"));
  for (const name of ["ops", "none"]) {
    await ask("testEndpoint", api(`/endpoints/${name}/test`, POST));
    await ask("enableEndpoint", api(`/endpoints/${name}/enable`, POST));
  }
  const dead = async () => (await client.listMessages({ state: "dead" })).items[0];
  const message = await until(dead, { what: "a dead letter" });
  await ask("listMessages", api("/messages"));
  await ask("listMessages", api("/messages?state=x"));
  for (const id of [message.id, "none"]) await ask("retryMessage", api(`/messages/${id}/retry`, POST));
  await ask("retryMessages", api("/messages/retry", POST));
}

async function askJobserv(ask: Ask, id: string): Promise<void> {
  const { number, steps } = await server.client.getTask(id);
  const headers = { authorization: `Bearer ${server.token}` };
  for (const build of [number, 999_999]) {
    const base = `/jobserv/projects/deploy/builds/${build}`;
    const run = `${base}/runs/${encodeURIComponent(steps[0]?.name ?? "")}`;
    await ask("jobservBuild", server.fetch(`${base}/`, { headers }));
    await ask("jobservRuns", server.fetch(`${base}/runs/`, { headers }));
    await ask("jobservRun", server.fetch(`${run}/`, { headers }));
    await ask("jobservTests", server.fetch(`${run}/tests/`, { headers }));
    await ask("jobservLog", server.fetch(`${run}/console.log`, { headers }));
    await ask("jobservBuildPage", server.fetch(base));
    await ask("jobservRunPage", server.fetch(`${base}/out/`));
  }
}

async function askUsers(ask: Ask): Promise<void> {
  const { api } = server;
  const user = { name: "dscape", password: "a-long-password" };
  for (const json of [user, user, {}]) await ask("addUser", api("/users", { json }));
  await ask("listUsers", api("/users"));
  for (const name of ["dscape", "none"]) {
    const path = `/users/${name}`;
    await ask("changeUser", api(path, { method: "PATCH", json: { disabled: false } }));
    await ask("createUserToken", api(`${path}/tokens`, { json: { name: "ci" } }));
    await ask("listUserTokens", api(`${path}/tokens`));
    await ask("revokeUserToken", api(`${path}/tokens/ci`, { method: "DELETE" }));
  }
}

async function askDeploys(ask: Ask): Promise<void> {
  const headers = { authorization: `Basic ${Buffer.from("dscape:a-long-password").toString("base64")}` };
  const repository = { name: "hello", owner: { name: "dscape" } };
  const after = "a".repeat(40);
  const body = JSON.stringify({ ref: "refs/heads/none", after, repository });
  for (const auth of [headers, {}]) {
    const init = { headers: auth };
    await ask("deploy", server.fetch("/1/deploy", { ...POST, body, headers: auth }));
    const list = await ask("deployStatus", server.fetch("/1/status/dscape/webhooks", init));
    await ask("deployStatusOfApp", server.fetch("/1/status/dscape/webhooks/hello", init));
    await ask("deployChanges", server.fetch("/1/status/dscape/changes?feed=normal", init));
    await ask("deployChangesSlash", server.fetch("/1/status/dscape/changes/?feed=normal", init));
    if (list.status !== 200) continue;
    const [entry] = z.array(z.object({ id: z.string() })).parse(await list.json());
    await ask("deployChange", server.fetch(new URL(entry?.id ?? "").pathname, init));
  }
  const credentials = JSON.stringify({ credentials: "octocat:ghp_good" });
  for (const auth of [headers, {}]) {
    await ask("deployAuth", server.fetch("/1/auth/github", { ...POST, body: credentials, headers: auth }));
  }
  await ask("deployBadge", server.fetch("/dscape/hello.svg"));
}

async function askTokens(ask: Ask): Promise<void> {
  const { api } = server;
  for (const name of ["new", "new"]) {
    await ask("createToken", api("/tokens", { json: { name, scopes: ["read"] } }));
  }
  await ask("listTokens", api("/tokens"));
  for (const name of ["new", "new"]) {
    await ask("revokeToken", api(`/tokens/${name}`, { method: "DELETE" }));
  }
  for (const token of [server.token, null]) await ask("whoami", api("/whoami", { token }));
}

async function askKapp(ask: Ask, id: string): Promise<void> {
  const follow = { token: KAPP_TOKEN, action: "follow-action" };
  for (const fields of [
    { ...follow, id },
    { ...follow, id: "none" },
    { ...follow, action: "none" },
    follow,
    {},
  ]) {
    const headers = { "content-type": "application/json" };
    await ask("kapp", server.fetch("/", { ...POST, headers, body: JSON.stringify(fields) }));
    await ask("kappGet", server.fetch(`/?${new URLSearchParams(fields).toString()}`));
  }
}

async function askRest(ask: Ask): Promise<void> {
  const { api } = server;
  for (const token of [server.token, null]) {
    await ask("listActions", api("/actions", { token }));
    await ask("listSources", api("/sources", { token }));
    await ask("listNodes", api("/nodes", { token }));
    await ask("prune", api("/prune", { token, json: { dry_run: true } }));
    await ask("listCounters", api("/counters", { token }));
    await ask("reloadSettings", api("/settings/reload", { ...POST, token }));
    await ask("taskStats", api("/stats/tasks", { token }));
    await ask("listAudit", api("/audit", { token }));
    await ask("sourceStats", api("/stats/sources", { token }));
    await ask("logOut", api("/session", { method: "DELETE", token }));
  }
  for (const token of [server.token, "hw_wrong"]) {
    await ask("logIn", api("/session", { token: null, json: { token } }));
  }
  for (const name of ["deploy", "none"]) await ask("getActionChanges", api(`/actions/${name}/changes`));
  await ask("live", beginningOf(api("/events")));
  await ask("live", api("/events?log=none"));
  await ask("metrics", server.fetch("/metrics", { headers: { authorization: `Bearer ${server.token}` } }));
  await ask("metrics", server.fetch("/metrics"));
  await ask("openapi", server.fetch("/api/v1/openapi.json"));
  await ask("health", server.fetch("/healthz"));
  await ask("readiness", server.fetch("/readyz"));
}

/** Of a stream that has no end. */
async function beginningOf(answer: Promise<Response>): Promise<Response> {
  const { status, headers, body } = await answer;
  let beginning = "";
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    beginning = chunk;
    break;
  }
  return new Response(beginning, { status, headers });
}

describe("real answers", () => {
  let answers: Answers;
  const ajv = new Ajv2020({ strict: false });
  beforeAll(async () => {
    ajv.addSchema(document, "openapi");
    answers = await askEverything();
  });

  it("there are of every operation, and of each answer that it documents for what goes well", () => {
    const missing = operations.flatMap(({ id, responses }) => {
      const seen = new Set((answers.get(id) ?? []).map(({ status }) => String(status)));
      return Object.keys(responses)
        .filter((status) => /^2\d\d$/.test(status) && !seen.has(status))
        .map((status) => `${id} ${status}`);
    });
    expect(missing).toEqual([]);
  });

  it("are what the document says", async () => {
    const wrong: string[] = [];
    let checked = 0;
    for (const operation of operations) {
      for (const response of answers.get(operation.id) ?? []) {
        checked += 1;
        const fault = await faultOf(operation, response);
        if (fault !== null) wrong.push(`${operation.id} ${response.status}: ${fault}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(checked).toBeGreaterThan(60);
  });

  it("would not pass if they were not", async () => {
    const task = operations.find(({ id }) => id === "getTask");
    const json = { headers: { "content-type": "application/json" } };
    const broken = { ...(await server.client.listTasks({ limit: 1 })).items[0], progress: "all" };
    const fault = task && (await faultOf(task, new Response(JSON.stringify(broken), json)));
    expect(fault).toBe("data/progress must be number");
  });

  /** Why an answer is not what the document says of it, or null. */
  async function faultOf({ path, method, responses }: Operation, response: Response): Promise<string | null> {
    const status = String(response.status);
    const key = responses[status] === undefined ? `${status.slice(0, 1)}XX` : status;
    const documented = responses[key];
    if (documented === undefined) return "the status is not documented";
    const type = response.headers.get("content-type")?.split(";")[0] ?? null;
    const text = await response.text();
    if (documented.content === undefined)
      return text === "" && type === null ? null : "no body is documented";
    if (type === null || documented.content[type] === undefined) return `${type} is not documented`;
    const steps = ["paths", path, method.toLowerCase(), "responses", key, "content", type, "schema"];
    const pointer = steps.map((step) => step.replaceAll("~", "~0").replaceAll("/", "~1")).join("/");
    const validate = ajv.compile({ $ref: `openapi#/${encodeURI(pointer)}` });
    const value: unknown = type.endsWith("json") ? JSON.parse(text) : text;
    return validate(value) ? null : ajv.errorsText(validate.errors);
  }
});
