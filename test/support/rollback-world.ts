import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { z } from "zod";
import { startFakeGithub, type FakeGithub } from "../fakes/github-api.ts";
import { startTestServer, type TestServer } from "./server.ts";

const TOKEN = "the-token-argo-cd-sends";
export const PAT = "ghp_token-of-the-gitops-repository";

/** A commit id. */
export const sha = (digit: string): string => digit.repeat(40);

/** A server with a source of Argo CD on `/` and an action that rolls back, and a GitHub that takes it. */
export interface RollbackWorld {
  readonly github: FakeGithub;
  /** Another one after `restart`. */
  readonly server: TestServer;
  /** Sends as Argo CD does. */
  send(body: unknown, path?: string): Promise<Answered>;
  report(status: string, revision: string, app?: string): Promise<Answered>;
  /** Reports a failure, waits for the rollback's end, and tells where it went. */
  rollBack(failed: string, app?: string): Promise<unknown>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** YAML that is added to the source, and to the actions. */
export interface Additions {
  readonly source?: string;
  readonly actions?: string;
}

export interface Answered extends z.infer<typeof answerSchema> {
  readonly status: number;
}

const answerSchema = z.object({
  delivery: z.string().optional(),
  delivery_id: z.string().optional(),
  duplicate: z.boolean().optional(),
  code: z.string().optional(),
  detail: z.string().optional(),
  tasks: z.array(z.object({ id: z.string() })).default([]),
});

const settings = ({ url }: FakeGithub, { source = "", actions = "" }: Additions): string => `
outbound: { allow: [127.0.0.0/8] }
github: { token: "${PAT}", api_url: "${url}" }
sources:
  argo: { kind: argocd, secrets: ["${TOKEN}"], path: / ${source} }
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

export async function startRollbackWorld(additions: Additions = {}): Promise<RollbackWorld> {
  const github = await startFakeGithub({ "o/gitops": { commits: {}, branches: {} } }, { tokens: [PAT] });
  const dir = await mkdtemp(join(tmpdir(), "hookwright-"));
  const start = (): Promise<TestServer> => startTestServer({ settings: settings(github, additions), dir });
  let server = await start();

  async function send(body: unknown, path = "/"): Promise<Answered> {
    // Bytes, so that no content type goes with them: Argo CD names none.
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    const headers = { authorization: `Bearer ${TOKEN}` };
    const response = await server.fetch(path, { method: "POST", body: bytes, headers });
    return { status: response.status, ...answerSchema.parse(await response.json()) };
  }

  const report = (status: string, revision: string, app = "web"): Promise<Answered> =>
    send({ app, status, revision });

  return {
    github,
    get server() {
      return server;
    },
    send,
    report,
    async rollBack(failed, app) {
      const { status, tasks } = await report("Degraded", failed, app);
      expect(status).toBe(202);
      expect(tasks).toHaveLength(1);
      expect(await server.ended(tasks[0]?.id ?? "")).toMatchObject({ outcome: "succeeded" });
      return github.dispatches.at(-1)?.clientPayload["healthy_revision"];
    },
    async restart() {
      await server.close();
      server = await start();
    },
    async close() {
      await server.close();
      await github.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
