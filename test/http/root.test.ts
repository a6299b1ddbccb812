import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashPassword } from "../../src/lib/passwords.ts";
import { rawRequest } from "../support/raw-http.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const KAPP_TOKEN = "the-token-of-k-app";
const ARGO_TOKEN = "the-token-argo-cd-sends";
const SHA = "a".repeat(40);

const ACTIONS = `
actions:
  deploy: { steps: [{ shell: "true" }] }
`;
const SOURCE = `
sources:
  argo: { kind: argocd, secrets: ["${ARGO_TOKEN}"], path: PATH, body_limit: 2KiB }
`;

let server: TestServer;

interface On {
  readonly kapp?: boolean;
  /** Path of the source; none without. */
  readonly source?: string;
  /** Bytes that are held at once. */
  readonly room?: string;
}

/** One server for all tests of a group: what they send does not touch each other. */
function withServer(on: On): void {
  beforeAll(() => start(on));
  afterAll(() => server.close());
}

async function start({ kapp = false, source, room = "64MiB" }: On): Promise<void> {
  const hash = kapp ? `\nkapp: { token_hash: "${await hashPassword(KAPP_TOKEN)}" }\n` : "";
  const sources = source === undefined ? "" : SOURCE.replace("PATH", source);
  server = await startTestServer({
    settings: `server: { max_buffered: ${room} }${hash}${sources}${ACTIONS}`,
  });
}

const JSON_TYPE = { "content-type": "application/json" };
const AUTH = { authorization: `Bearer ${ARGO_TOKEN}` };
const REPORT = { app: "web", status: "Healthy", revision: SHA };
const DEPLOY = { action: "deploy", token: KAPP_TOKEN };

const post = (body: unknown, headers: Record<string, string> = {}, path = "/"): Promise<Response> =>
  server.fetch(path, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { ...JSON_TYPE, ...headers },
  });

describe("POST / with K-App and a source", () => {
  withServer({ kapp: true, source: "/" });

  it.each<[string, unknown, Record<string, string>, number, RegExp]>([
    ["K-App's request", DEPLOY, {}, 200, /"state":"[A-Z]+","progress"/],
    ["K-App's request through a proxy that authenticates", DEPLOY, AUTH, 200, /"state":"[A-Z]+","progress"/],
    ["K-App's with a wrong token", { ...DEPLOY, token: "x" }, AUTH, 403, /^Forbidden$/],
    ["K-App's without a token", { action: "deploy" }, AUTH, 403, /^Forbidden$/],
    ["K-App's without an action", { token: KAPP_TOKEN }, {}, 400, /^Bad Request$/],
    ["a report", REPORT, AUTH, 202, /"event":"health"/],
    ["a report with a wrong token", REPORT, { authorization: "Bearer x" }, 401, /signature:invalid/],
    ["a report without a token", REPORT, {}, 401, /signature:missing/],
    [
      "a report in GitHub's shape",
      { event_type: "x", client_payload: {} },
      AUTH,
      400,
      /failed_revision is missing/,
    ],
    ["a report that has K-App's keys", { ...REPORT, action: "deploy" }, AUTH, 202, /"event":"health"/],
    [
      "a report's keys with K-App's token",
      { ...REPORT, ...DEPLOY },
      AUTH,
      200,
      /"state":"[A-Z]+","progress"/,
    ],
    ["neither", { hello: 1 }, AUTH, 400, /request:invalid.*app, status, revision/],
    ["a list", [REPORT], AUTH, 400, /request:invalid/],
    ["no JSON", "{", AUTH, 400, /request:invalid/],
    ["nothing", "", AUTH, 400, /request:invalid/],
  ])("%s", async (_, body, headers, status, text) => {
    const response = await post(body, headers);
    expect([response.status, await response.text()]).toEqual([status, expect.stringMatching(text)]);
  });

  it("goes by the query, too", async () => {
    const response = await post("", {}, `/?action=deploy&token=${KAPP_TOKEN}`);
    expect(await response.json()).toMatchObject({ metadata: { action: "deploy" } });
  });

  it("refuses what is too large for whom it is for", async () => {
    const pad = "x".repeat(3_000);
    const report = await post({ ...REPORT, pad }, AUTH);
    expect([report.status, await report.text()]).toEqual([413, expect.stringContaining("body:too_large")]);
    const kapp = await post({ ...DEPLOY, pad: "x".repeat(100 * 1024) });
    expect([kapp.status, await kapp.text()]).toEqual([
      413,
      expect.stringContaining("<pre>Payload Too Large</pre>"),
    ]);
    const both = await post({ ...DEPLOY, pad: "x".repeat(1024 * 1024) });
    expect([both.status, await both.text()]).toEqual([413, expect.stringContaining("body:too_large")]);
  });

  it("reads a report whatever its content type", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
      expect((await post(REPORT, { ...AUTH, "content-type": type })).status).toBe(202);
    }
  });
});

describe("POST / with K-App alone", () => {
  withServer({ kapp: true, room: "4KiB" });

  it("is K-App's, whatever it looks like", async () => {
    for (const body of [REPORT, { hello: 1 }, ""]) {
      const response = await post(body, AUTH);
      expect([response.status, await response.text()]).toEqual([403, "Forbidden"]);
    }
  });

  it("gives K-App's page, and when to come again, where there is no room for a body", async () => {
    const holder = await server.raw();
    const headers = { "content-length": "4000", "content-type": "application/json" };
    holder.write(rawRequest({ path: "/", headers, body: "x".repeat(3_000) }));
    // Once another connection has been answered, the holder's bytes have arrived too.
    await server.fetch("/healthz");
    const refused = await post({ ...DEPLOY, pad: "x".repeat(1_000) });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await refused.text()).toContain("<pre>Service Unavailable</pre>");
    holder.destroy();
    await expect.poll(async () => (await post({ ...DEPLOY, pad: "x".repeat(1_000) })).status).toBe(200);
  });

  it("answers GET with a greeting", async () => {
    const response = await server.fetch("/");
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("Hookwright")]);
  });
});

describe("POST / with a source alone", () => {
  withServer({ source: "/" });

  it("is the source's, whatever it looks like", async () => {
    for (const body of [DEPLOY, { hello: 1 }, "{"]) {
      const response = await post(body, AUTH);
      expect([response.status, await response.text()]).toEqual([
        400,
        expect.stringContaining("body:malformed"),
      ]);
    }
    expect((await post(DEPLOY)).status).toBe(401);
  });
});

describe("POST / with neither", () => {
  withServer({});

  it("is nobody's", async () => {
    const response = await post(REPORT, AUTH);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "request:not_found" });
  });
});

describe("a source that takes every path", () => {
  withServer({ source: '"/*"' });

  it("takes what nothing else has", async () => {
    for (const path of ["/", "/webhook", "/a/b?c=d"]) {
      const response = await post(REPORT, AUTH, path);
      expect([path, response.status]).toEqual([path, 202]);
    }
    for (const path of ["/api/v1/nothing", "/1/nothing"]) {
      expect([path, (await post(REPORT, AUTH, path)).status]).toEqual([path, 404]);
      const read = await server.fetch(path, { headers: AUTH });
      expect([path, read.status, read.headers.get("allow")]).toEqual([path, 404, null]);
    }
    expect((await server.fetch("/healthz")).status).toBe(200);
    expect((await server.api("/tasks")).status).toBe(200);
  });

  it.each(["GET", "PUT", "HEAD"])(
    "says that %s is not the method, as Argo CD's default is GET",
    async (method) => {
      for (const path of ["/", "/webhook"]) {
        const response = await server.fetch(path, { method });
        expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
        if (method !== "HEAD") expect(await response.text()).toContain("method: POST");
      }
    },
  );
});
