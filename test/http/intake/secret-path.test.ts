import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
sources:
  images: { kind: dockerhub, secret: "${SECRET}" }
  signed: { kind: generic, secret: "${SECRET}" }
  inner: { kind: generic, secret: "${SECRET}", path: /hooks/images/inner }
actions:
  deploy:
    workdir: .
    on: [{ source: images, event: image, tag: v1 }]
    steps: [{ shell: "true" }]
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS, work: false });
});
afterAll(() => server.close());

const post = (path: string) =>
  fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ push_data: { tag: "v1" }, repository: { repo_name: "acme/web" } }),
  });

it("takes what comes with the secret in the path, and stores that nowhere", async () => {
  const response = await post(`/hooks/images/${SECRET}?x=1`);
  expect(response.status).toBe(202);
  const { items } = await server.client.listDeliveries({ limit: 9 });
  expect(items).toMatchObject([{ source: "images", event: "image" }]);
  expect(JSON.stringify(items)).not.toContain(SECRET);
  expect((await server.client.listTasks({ limit: 9 })).items).toHaveLength(1);
});

it.each([
  ["/hooks/images", 401, "signature:missing"],
  ["/hooks/images/", 401, "signature:missing"],
  ["/hooks/images/another", 401, "signature:invalid"],
  [`/hooks/images/${SECRET}/`, 404, "request:not_found"],
  [`/hooks/images/x/${SECRET}`, 404, "request:not_found"],
  ["/hooks/images/inner", 401, "signature:missing"],
  [`/hooks/signed/${SECRET}`, 404, "request:not_found"],
])("answers %s with %d", async (path, status, code) => {
  const response = await post(path);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ code });
});
