import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { problemOf } from "../../support/problems.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const settings = (command: string, password: string): string => `
sources: { app: { kind: github, secret: a-long-enough-secret } }
actions:
  deploy:
    workdir: .
    env: { PASSWORD: "${password}", FROM: "\${OUTSIDE}" }
    steps: [{ run: ${command}, env: { KEY: plain } }]
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    settings: settings("[echo, one]", "hunter22"),
    file: true,
    env: { OUTSIDE: "from-outside" },
  });
});
afterAll(() => server.close());

const changes = () => server.client.getActionChanges("deploy");

it("says what has changed since the last task, and no secret", async () => {
  expect(await changes()).toMatchObject({ task_id: null, before: null });
  const { id } = await server.client.startTask({ action: "deploy", params: {} });
  await server.ended(id);
  const same = await changes();
  expect(same.task_id).toBe(id);
  expect(same.before).toBe(same.now);
  const changed = settings("[echo, a-long-enough-secret]", "other-password");
  await writeFile(join(server.dir, "hookwright.yaml"), changed);
  await server.client.reloadSettings();
  const { before, now } = await changes();
  expect(before).toMatch(/- echo\n +- one\n/);
  expect(now).toMatch(/- echo\n +- "?\*\*\*"?\n/);
  // oxlint-disable-next-line no-template-curly-in-string -- a reference of the settings
  expect(now).toContain("FROM: ${OUTSIDE}");
  expect(`${before}${now}`).not.toMatch(/hunter22|other-password|from-outside|plain|a-long-enough-secret/);
});

it("is refused for an action that there is not, and to who may only look", async () => {
  const none = await server.api("/actions/none/changes");
  expect((await problemOf(none)).code).toBe("action:not_found");
  const { token } = await server.client.createToken({ name: "reader", scopes: ["read"] });
  expect((await server.api("/actions/deploy/changes", { token })).status).toBe(403);
});
