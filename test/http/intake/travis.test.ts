import { sign } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFakeTravis, type FakeTravis } from "../../fakes/travis-api.ts";
import { build } from "../../sources/fixtures/travis.ts";
import { problemOf } from "../../support/problems.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const settings = (keyUrl: string, allow = "[127.0.0.1/32]"): string => `
outbound: { allow: ${allow} }
sources:
  ci: { kind: travis, repositories: [ada/site], key_urls: ["${keyUrl}"] }
actions:
  deploy:
    workdir: .
    on: [{ source: ci, event: build, branch: "release/*", when: "event.status == 'Passed'" }]
    steps: [{ run: [echo, deployed] }]
`;

let travis: FakeTravis;
let server: TestServer | null = null;
beforeEach(async () => {
  travis = await startFakeTravis();
});
afterEach(async () => {
  await server?.close();
  await travis.close();
});

function post(payload: unknown = build): Promise<Response> {
  const json = JSON.stringify(payload);
  const signature = sign("sha1", Buffer.from(json), travis.privateKey).toString("base64");
  return postSigned(json, signature);
}

function postSigned(json: string, signature: string): Promise<Response> {
  const headers = { signature, "travis-repo-slug": "ada/site" };
  const body = new URLSearchParams({ payload: json });
  if (server === null) throw new Error("There is no server");
  return server.fetch("/hooks/ci", { method: "POST", headers, body });
}

describe("a webhook of Travis CI", () => {
  it("is checked by the key that its API tells, and starts what its build is for", async () => {
    server = await startTestServer({ settings: settings(travis.configUrl) });
    const response = await post();
    expect(response.status).toBe(202);
    const { items } = await server.client.listTasks({ limit: 10 });
    expect(await server.ended(items[0]?.id ?? "")).toMatchObject({ action: "deploy", outcome: "succeeded" });
    expect((await post({ ...build, status_message: "Failed" })).status).toBe(202);
    expect((await server.client.listTasks({ limit: 10 })).items).toHaveLength(1);
    expect(travis.asked()).toBe(1);
  });

  it("is refused when somebody else signed it, without asking each time", async () => {
    server = await startTestServer({ settings: settings(travis.configUrl), work: false });
    for (let times = 0; times < 5; times += 1) {
      const response = await postSigned(
        JSON.stringify(build),
        Buffer.alloc(256, times + 1).toString("base64"),
      );
      expect(response.status).toBe(401);
      expect((await problemOf(response)).code).toBe("signature:invalid");
    }
    expect(travis.asked()).toBe(1);
    expect((await server.client.listDeliveries({ limit: 10 })).items).toEqual([]);
  });

  it("gets 503, to be sent again, while the key can't be had", async () => {
    travis.failWith(500);
    server = await startTestServer({ settings: settings(travis.configUrl), work: false });
    const response = await post();
    expect(response.status).toBe(503);
    expect((await problemOf(response)).code).toBe("source:keys");
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await server.client.listDeliveries({ limit: 10 })).items).toEqual([]);
  });

  it("does not make the server call networks that it must not", async () => {
    server = await startTestServer({ settings: settings(travis.configUrl, "[]"), work: false });
    const response = await post();
    expect(response.status).toBe(503);
    expect((await problemOf(response)).detail).toMatch(/127\.0\.0\.1/);
    expect(travis.asked()).toBe(0);
  });
});
