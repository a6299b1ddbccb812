import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
sources:
  app: { kind: generic, secret: "${SECRET}", token_header: "?token", keep_headers: ["?Env", X-More] }
actions:
  deploy:
    workdir: .
    params: { env: { default: none } }
    on: [{ source: app, when: 'event.headers[?"?Env"].orValue("") != "no"', with: { env: 'event.headers[?"?Env"]' } }]
    steps: [{ run: [echo, "to \${{ params.env }}"] }]
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS });
});
afterAll(() => server.close());

const post = (query: string): Promise<Response> =>
  server.fetch(`/hooks/app${query}`, { method: "POST", body: "{}" });
const newest = async () => (await server.client.listDeliveries({ limit: 1 })).items[0];

it("what is named of the URL's query is stored, read, and read again for a replay", async () => {
  const answer = await post(`?token=${SECRET}&Env=a%20b&other=x`);
  expect(answer.status).toBe(202);
  const delivery = await newest();
  const told = answer.headers.get("x-api-uuid");
  expect(delivery?.headers).toEqual({ "?Env": "a b", "user-agent": "node", "x-api-uuid": told });
  const [task] = (await server.client.listTasks({ limit: 1 })).items;
  expect((await server.ended(task?.id ?? "")).params).toEqual({ env: "a b" });
  const replayed = await server.client.replayDelivery(delivery?.id ?? "", { dryRun: false });
  expect((await server.ended(replayed.tasks[0]?.id ?? "")).params).toEqual({ env: "a b" });
});

it("a secret there is checked, and stored nowhere", async () => {
  for (const query of [
    "",
    "?token=",
    "?token=wrong",
    `?Token=${SECRET}`,
    `?token=${SECRET}&token=${SECRET}`,
    `?token=x&token=${SECRET}`,
  ]) {
    expect((await post(query)).status).toBe(401);
  }
  expect(
    (await server.fetch("/hooks/app", { method: "POST", body: "{}", headers: { token: SECRET } })).status,
  ).toBe(401);
  expect(JSON.stringify((await server.client.listDeliveries({ limit: 100 })).items)).not.toContain(SECRET);
});

it("a rule can look at it", async () => {
  expect(await (await post(`?token=${SECRET}&Env=no`)).json()).toMatchObject({ tasks: [] });
});
