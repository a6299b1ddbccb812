import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { API_VERSION } from "../../src/http/identity.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ settings: "{}" });
});
afterEach(() => server.close());

describe("health", () => {
  it.each([
    ["/healthz", { status: "ok" }],
    ["/readyz", { status: "ready" }],
  ])("%s answers without a token", async (path, body) => {
    const response = await server.fetch(path);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(body);
    expect(response.headers.get("x-api-version")).toBe(API_VERSION);
    expect(response.headers.get("x-api-uuid")).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });
});
