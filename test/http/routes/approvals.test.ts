import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { receivedSchema } from "../../../src/client/schemas.ts";
import { problemOf } from "../../support/problems.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
sources:
  app: { kind: github, secret: "${SECRET}" }
actions:
  deploy:
    approve: true
    workdir: .
    on: [{ source: app, event: push }]
    steps: [{ run: [echo, deployed] }]
  careful:
    approve: { expires: 1h, by: [admin] }
    workdir: .
    steps: [{ run: [echo, deployed] }]
  plain:
    workdir: .
    steps: [{ run: [echo, deployed] }]
`;

let server: TestServer;
let deployer: string;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS });
  ({ token: deployer } = await server.client.createToken({ name: "bob", scopes: ["deploy"] }));
});
afterAll(() => server.close());

const start = async (action: string) => (await server.client.startTask({ action, params: {} })).id;
const decide = (id: string, verb: "approve" | "refuse", json?: object) =>
  server.api(`/tasks/${id}/${verb}`, { method: "POST", token: deployer, ...(json && { json }) });
const MAX_WAIT_MS = 7 * 24 * 3_600_000;

describe("a task that needs approval", () => {
  it("is shown as waiting, by the answer to the webhook too", async () => {
    const response = await server.push({ secret: SECRET });
    expect(response.status).toBe(202);
    const { tasks } = receivedSchema.parse(await response.json());
    const [task] = tasks;
    expect(task).toMatchObject({ action: "deploy", state: "ENQUEUED", hold: { type: "approval" } });
    const shown = await server.client.getTask(task?.id ?? "");
    expect(shown).toMatchObject({
      hold: task?.hold,
      approval: { scopes: ["deploy"], decision: "pending", by: null, at: null },
      position: null,
    });
    expect(Date.parse(shown.hold?.until ?? "") - Date.parse(shown.created_at)).toBe(MAX_WAIT_MS);
    await decide(shown.id, "refuse");
  });

  it("runs once it is approved, with who and what they said on record", async () => {
    const id = await start("deploy");
    const response = await decide(id, "approve", { comment: "looks good" });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ id, hold: null, approval: { by: "token:bob" } });
    expect(await server.ended(id)).toMatchObject({
      outcome: "succeeded",
      approval: { decision: "approved", by: "token:bob" },
    });
    expect((await server.lines(id))[0]).toBe("Approved by token:bob: looks good");
    expect(await problemOf(await decide(id, "approve"))).toMatchObject({
      status: 409,
      code: "approval:decided",
      decision: "approved",
      by: "token:bob",
    });
  });

  it("is refused without a body", async () => {
    const id = await start("deploy");
    const response = await decide(id, "refuse");
    expect(await response.json()).toMatchObject({
      state: "CANCELLED",
      outcome: "rejected",
      reason: "Refused by token:bob",
    });
  });

  it("asks for the scope of its action", async () => {
    const id = await start("careful");
    expect(await problemOf(await decide(id, "approve"))).toMatchObject({
      status: 403,
      code: "auth:forbidden",
      detail: "The approval needs the scope admin; the token has deploy",
    });
    await server.client.cancelTask(id);
    expect(await problemOf(await decide(id, "approve"))).toMatchObject({ code: "approval:ended" });
  });

  it("is the only thing to be approved", async () => {
    const id = await start("plain");
    expect(await problemOf(await decide(id, "approve"))).toMatchObject({
      status: 409,
      code: "approval:not_needed",
    });
    expect(await problemOf(await decide("none", "approve"))).toMatchObject({ code: "task:not_found" });
    expect(await problemOf(await decide(id, "approve", { comment: 1 }))).toMatchObject({
      code: "request:invalid",
    });
  });
});
