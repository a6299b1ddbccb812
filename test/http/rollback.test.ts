import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { startFakeGithub, type FakeGithub } from "../fakes/github-api.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const TOKEN = "the-token-argo-cd-sends";
const PAT = "ghp_token-of-the-gitops-repository";
const sha = (digit: string): string => digit.repeat(40);

let github: FakeGithub;
let server: TestServer;

beforeEach(async () => {
  github = await startFakeGithub({ "o/gitops": { commits: {}, branches: {} } }, { tokens: [PAT] });
});
afterEach(async () => {
  await server.close();
  await github.close();
});

interface Change {
  readonly path?: string;
  readonly source?: string;
  readonly top?: string;
  readonly actions?: string;
}

const settings = ({ path = "/", source = "", top = "", actions = "" }: Change): string => `
${top}
outbound: { allow: [127.0.0.0/8] }
github: { token: "${PAT}", api_url: "${github.url}" }
sources:
  argo: { kind: argocd, secrets: ["${TOKEN}"], path: "${path}" ${source} }
actions:
  rollback:
    params: { app: { required: false }, failed: { pattern: "[0-9a-f]{4,64}" }, healthy: { pattern: "[0-9a-f]{7,64}" } }
    on:
      - source: argo
        event: health
        when: event.status == 'Degraded'
        with: { app: event.health.app, failed: event.health.revision, healthy: event.health.healthy_revision }
    steps:
      - name: dispatch
        dispatch:
          repository: o/gitops
          event_type: argo-degraded
          client_payload: { failed_revision: "\${{ params.failed }}", healthy_revision: "\${{ params.healthy }}" }
${actions}`;

const start = async (change: Change = {}): Promise<void> => {
  server = await startTestServer({ settings: settings(change) });
};

interface Sent {
  readonly path?: string;
  readonly token?: string | null;
  readonly headers?: Record<string, string>;
}

const answerSchema = z.object({
  delivery: z.string().optional(),
  delivery_id: z.string().optional(),
  duplicate: z.boolean().optional(),
  code: z.string().optional(),
  detail: z.string().optional(),
  tasks: z.array(z.object({ id: z.string() })).default([]),
});

interface Answered extends z.infer<typeof answerSchema> {
  readonly status: number;
}

/** As Argo CD sends: no content type of its own. */
async function send(
  body: unknown,
  { path = "/", token = TOKEN, headers = {} }: Sent = {},
): Promise<Answered> {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const init = {
    method: "POST",
    body: new TextEncoder().encode(text),
    headers: { ...authorization, ...headers },
  };
  const response = await server.fetch(path, init);
  return { status: response.status, ...answerSchema.parse(await response.json()) };
}

const report = (status: string, revision: string, app = "web"): Promise<Answered> =>
  send({ app, status, revision });

/** Sends, waits for the task's end, and tells where the rollback went. */
async function rollBack(revision: string, app = "web"): Promise<unknown> {
  const { status, tasks } = await report("Degraded", revision, app);
  expect(status).toBe(202);
  expect(tasks).toHaveLength(1);
  expect(await server.ended(tasks[0]?.id ?? "")).toMatchObject({ outcome: "succeeded" });
  return github.dispatches.at(-1)?.clientPayload["healthy_revision"];
}

describe("a degraded application", () => {
  it("goes back to its last healthy revision", async () => {
    await start();
    expect(await report("Healthy", sha("a"))).toMatchObject({ status: 202, tasks: [] });
    expect(await report("Healthy", sha("b"))).toMatchObject({ status: 202, tasks: [] });
    expect(await report("Progressing", sha("f"))).toMatchObject({ status: 202, tasks: [] });
    const { status, tasks } = await report("Degraded", sha("f"));
    expect(status).toBe(202);
    const task = await server.ended(tasks[0]?.id ?? "");
    expect(task).toMatchObject({
      outcome: "succeeded",
      params: { app: "web", failed: sha("f"), healthy: sha("b") },
    });
    expect(github.dispatches).toMatchObject([
      {
        repository: "o/gitops",
        eventType: "argo-degraded",
        clientPayload: { failed_revision: sha("f"), healthy_revision: sha("b") },
      },
    ]);
    expect((await server.lines(task.id)).join("\n")).not.toContain(PAT);
  });

  it("goes back to what the sender names, in the shape that GitHub's event has", async () => {
    await start();
    const client_payload = { failed_revision: "abc123", healthy_revision: sha("e") };
    const { status, tasks } = await send({ event_type: "argo-degraded", client_payload });
    expect(status).toBe(202);
    expect(await server.ended(tasks[0]?.id ?? "")).toMatchObject({ outcome: "succeeded" });
    expect(github.dispatches).toMatchObject([{ clientPayload: client_payload }]);
  });

  it("is told from other applications, and from the same one of another source", async () => {
    await start({ source: "}\n  other: { kind: argocd, unsafe_no_auth: true" });
    await report("Healthy", sha("a"), "web");
    await report("Healthy", sha("b"), "api");
    await send({ app: "web", status: "Healthy", revision: sha("c") }, { path: "/hooks/other" });
    expect(await rollBack(sha("f"), "web")).toBe(sha("a"));
    expect(await rollBack(sha("f"), "api")).toBe(sha("b"));
  });

  it("with no healthy revision known is answered 409, and stored with the reason", async () => {
    await start();
    const refused = await report("Degraded", sha("f"));
    expect(refused).toMatchObject({ status: 409, code: "rollback:no_healthy_revision" });
    const stored = await server.client.getDelivery(refused.delivery_id ?? "");
    expect(stored).toMatchObject({ verdict: "rejected", tasks: [] });
    expect(stored.reason).toContain("No healthy revision of the application is known yet");
    // It is not held against the application once one is known.
    await report("Healthy", sha("a"));
    expect(await rollBack(sha("f"))).toBe(sha("a"));
  });

  it("can be replayed after the refusal, and after a rollback that is wanted once more", async () => {
    await start();
    const refused = await report("Degraded", sha("f"));
    await report("Healthy", sha("a"));
    for (const count of [1, 2]) {
      const replayed = await server.client.replayDelivery(refused.delivery_id ?? "", {});
      expect(await server.ended(replayed.tasks[0]?.id ?? "")).toMatchObject({
        params: { healthy: sha("a") },
      });
      expect(github.dispatches).toHaveLength(count);
    }
  });

  it("shows its revisions to templates, and explains itself", async () => {
    await start({
      actions: `
  tell:
    on: [{ source: argo, event: health, when: "event.status == 'Degraded'" }]
    steps: [{ run: [echo, "\${{ event.health.app }} from \${{ event.health.revision }} to \${{ event.health.healthy_revision }}"] }]`,
    });
    await report("Healthy", sha("a"));
    const { delivery = "", tasks } = await report("Degraded", sha("f"));
    const told = await Promise.all(tasks.map(async ({ id }) => (await server.ended(id), server.lines(id))));
    expect(told.flat()).toContain(`web from ${sha("f")} to ${sha("a")}`);
    const { event } = await server.client.explainDelivery(delivery);
    expect(event?.health).toEqual({
      app: "web",
      revision: sha("f"),
      healthy_revision: sha("a"),
      refusal: null,
    });
  });
});

describe("GitHub's refusal", () => {
  it("ends the task as failed with GitHub's message; a retry works", async () => {
    await start();
    await report("Healthy", sha("a"));
    github.faults.push({ status: 404, message: "Not Found" });
    const { tasks } = await report("Degraded", sha("f"));
    const task = await server.ended(tasks[0]?.id ?? "");
    expect(task).toMatchObject({ state: "CANCELLED", outcome: "failed" });
    expect(task.reason).toMatch(/Step dispatch failed: GitHub answered 404: Not Found/);
    const retried = await server.client.retryTask(task.id);
    expect(await server.ended(retried.id)).toMatchObject({ outcome: "succeeded" });
    expect(github.dispatches).toHaveLength(1);
  });

  it("is no step back: the next failure goes to the same revision", async () => {
    await start();
    await report("Healthy", sha("a"));
    await report("Healthy", sha("b"));
    github.faults.push({ status: 401, message: "Bad credentials" });
    const { tasks } = await report("Degraded", sha("e"));
    expect(await server.ended(tasks[0]?.id ?? "")).toMatchObject({ outcome: "failed" });
    expect(await rollBack(sha("f"))).toBe(sha("b"));
  });
});

describe("no loops", () => {
  it("the same body three times, one after the other and at once, starts one rollback", async () => {
    await start();
    await report("Healthy", sha("a"));
    const first = await report("Degraded", sha("f"));
    const again = await Promise.all([report("Degraded", sha("f")), report("Degraded", sha("f"))]);
    expect(again).toMatchObject([
      { status: 202, duplicate: true, delivery: first.delivery, tasks: first.tasks },
      { status: 202, duplicate: true, delivery: first.delivery, tasks: first.tasks },
    ]);
    await report("Healthy", sha("a"), "api");
    const burst = await Promise.all(Array.from({ length: 12 }, () => report("Degraded", sha("f"), "api")));
    expect(burst.filter(({ duplicate }) => duplicate === false)).toHaveLength(1);
    expect(burst.filter(({ duplicate }) => duplicate === true)).toHaveLength(11);
    const tasks = await server.client.listTasks({ limit: 100 });
    expect(tasks.items).toHaveLength(2);
  });

  it("many healthy reports at once are remembered as one each", async () => {
    await start();
    const revisions = ["a", "b", "c", "d"].flatMap((digit) => [sha(digit), sha(digit), sha(digit)]);
    const answers = await Promise.all(revisions.map((revision) => report("Healthy", revision)));
    expect(answers.every(({ status }) => status === 202)).toBe(true);
  });

  it("a rollback that degrades steps back once, then stops and says so until something is healthy", async () => {
    await start({ source: ", max_rollbacks_per_hour: 10" });
    for (const digit of ["a", "b", "c"]) await report("Healthy", sha(digit));
    expect(await rollBack(sha("f"))).toBe(sha("c"));
    // The revert made a commit of its own, and that one degraded, too.
    expect(await rollBack(sha("1"))).toBe(sha("b"));
    const stopped = await report("Degraded", sha("2"));
    expect(stopped).toMatchObject({ status: 409, code: "rollback:exhausted" });
    expect(stopped.detail).toContain("nothing more is done until a revision is healthy again");
    await report("Healthy", sha("d"));
    expect(await rollBack(sha("3"))).toBe(sha("d"));
  });

  it("caps the rollbacks of an application within an hour, and counts what it refuses", async () => {
    await start({ source: ", max_rollbacks_per_hour: 2" });
    await report("Healthy", sha("a"));
    await rollBack(sha("1"));
    await report("Healthy", sha("b"));
    await rollBack(sha("2"));
    await report("Healthy", sha("c"));
    expect(await report("Degraded", sha("3"))).toMatchObject({ status: 409, code: "rollback:limit" });
    await report("Healthy", sha("a"), "other");
    expect(await rollBack(sha("3"), "other")).toBe(sha("a"));
    const counters = await server.api("/counters");
    const wanted = { name: "rollback:limit", source: "argo", value: 1 };
    expect(await counters.json()).toEqual({ items: [wanted] });
  });

  it("a refusal starts only what asks for it", async () => {
    await start({
      actions: `
  call-somebody:
    on: [{ source: argo, event: health, when: "event.health.refusal != null" }]
    steps: [{ run: [echo, "\${{ event.health.refusal }}"] }]`,
    });
    const { status, tasks } = await report("Degraded", sha("f"));
    expect(status).toBe(202);
    const task = await server.ended(tasks[0]?.id ?? "");
    expect(task).toMatchObject({ action: "call-somebody", outcome: "succeeded" });
    expect((await server.lines(task.id)).join("\n")).toContain("No healthy revision");
    expect(github.requests).toEqual([]);
  });

  it("lets nothing out that is no revision", async () => {
    await start();
    await report("Healthy", sha("a"));
    for (const revision of ["$(id)", "abc123; id", "--help", "HEAD", "../x"]) {
      expect(await report("Degraded", revision)).toMatchObject({ status: 400, code: "body:malformed" });
      expect(await report("Healthy", revision)).toMatchObject({ status: 400 });
    }
    expect(await rollBack(sha("f"))).toBe(sha("a"));
    expect(github.requests).toHaveLength(1);
  });
});

describe("restarts in between", () => {
  it("forget nothing", async () => {
    const dir = await mkdtemp(join(tmpdir(), "hookwright-"));
    const boot = async (): Promise<void> => {
      server = await startTestServer({ settings: settings({}), dir });
    };
    await boot();
    await report("Healthy", sha("a"));
    await report("Healthy", sha("b"));
    await server.close();
    await boot();
    expect(await rollBack(sha("f"))).toBe(sha("b"));
    await server.close();
    await boot();
    expect(await report("Degraded", sha("f"))).toMatchObject({ status: 202, duplicate: true });
    expect(await rollBack(sha("1"))).toBe(sha("a"));
    await server.close();
    await boot();
    expect(await report("Degraded", sha("2"))).toMatchObject({ status: 409, code: "rollback:exhausted" });
    await server.close();
    await rm(dir, { recursive: true, force: true });
  });
});
