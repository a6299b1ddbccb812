import { describe, expect, it } from "vitest";
import { argocd } from "../../src/sources/argocd.ts";
import { bindSource, type BoundSource } from "../../src/sources/source.ts";

const SECRET = "a-long-enough-secret";
const SHA = "e4a1dfd9eaddb3f5bb856752cf060622560bbaa2";
const NOW = new Date("2026-05-01T12:00:00Z");

interface Options {
  readonly settings?: Record<string, unknown>;
  readonly secrets?: readonly string[];
  readonly unsafeNoAuth?: boolean;
}

function source({ settings = {}, secrets = [SECRET], unsafeNoAuth = false }: Options = {}): BoundSource {
  const options = argocd.schema.parse(settings);
  return bindSource({ name: "argo", kind: argocd, options, credentials: { secrets, unsafeNoAuth } });
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

function authenticate(headers: Record<string, string>, options: Options = {}): string {
  const result = source(options).authenticate({ headers, body: Buffer.from("{}") }, NOW);
  return result.ok ? "ok" : result.code;
}

describe("who an Argo CD request is from", () => {
  it.each<[string, Record<string, string>, Options, string]>([
    ["a bearer token", { authorization: `Bearer ${SECRET}` }, {}, "ok"],
    ["the scheme in other letters", { authorization: `bearer  ${SECRET}` }, {}, "ok"],
    ["the bare token", { authorization: SECRET }, {}, "ok"],
    ["another token", { authorization: "Bearer another" }, {}, "signature:invalid"],
    ["a longer token", { authorization: `Bearer ${SECRET}x` }, {}, "signature:invalid"],
    ["no header", {}, {}, "signature:missing"],
    ["an empty token", { authorization: "Bearer " }, {}, "signature:missing"],
    ["a header sent twice", { authorization: `Bearer ${SECRET}, Bearer ${SECRET}` }, {}, "signature:invalid"],
    ["Basic where a token is expected", { authorization: basic(`u:${SECRET}`) }, {}, "signature:invalid"],
    ["its own header", { "x-argo": SECRET }, { settings: { token_header: "X-Argo" } }, "ok"],
    [
      "the usual header where another is set",
      { authorization: `Bearer ${SECRET}` },
      { settings: { token_header: "X-Argo" } },
      "signature:missing",
    ],
    ["any live secret", { authorization: "Bearer older" }, { secrets: [SECRET, "older"] }, "ok"],
    ["Basic", { authorization: basic(`argo:${SECRET}`) }, { settings: { username: "argo" } }, "ok"],
    [
      "Basic with colons",
      { authorization: basic("argo:a:b:c") },
      { settings: { username: "argo" }, secrets: ["a:b:c"] },
      "ok",
    ],
    [
      "Basic of another user",
      { authorization: basic(`root:${SECRET}`) },
      { settings: { username: "argo" } },
      "signature:invalid",
    ],
    [
      "Basic with another password",
      { authorization: basic("argo:x") },
      { settings: { username: "argo" } },
      "signature:invalid",
    ],
    [
      "Basic without a colon",
      { authorization: basic(SECRET) },
      { settings: { username: "argo" } },
      "signature:invalid",
    ],
    [
      "a token where Basic is expected",
      { authorization: `Bearer ${SECRET}` },
      { settings: { username: "argo" } },
      "signature:invalid",
    ],
    ["nothing, where the settings say so", {}, { secrets: [], unsafeNoAuth: true }, "ok"],
    ["nothing, where there is a secret all the same", {}, { unsafeNoAuth: true }, "signature:missing"],
    ["nothing and no secret", {}, { secrets: [] }, "signature:missing"],
    ["a token and no secret", { authorization: "Bearer x" }, { secrets: [] }, "signature:invalid"],
  ])("%s", (_, headers, options, verdict) => {
    expect(authenticate(headers, options)).toBe(verdict);
  });

  it("keeps no header that carries the secret", () => {
    expect(source().keptHeaders).toEqual(["user-agent"]);
  });
});

const describeBody = (body: unknown) =>
  source().describe({
    headers: {},
    body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  });

describe("what an Argo CD request means", () => {
  it.each(["Healthy", "Degraded"])("a %s application", (status) => {
    expect(describeBody({ app: "web", status, revision: SHA })).toMatchObject({
      ok: true,
      event: {
        source: "argo",
        kind: "argocd",
        name: "health",
        senderName: "health",
        status,
        action: null,
        commit: { sha: SHA },
        health: { app: "web", revision: SHA, healthyRevision: null, refusal: null },
        payload: { app: "web", status, revision: SHA },
      },
    });
  });

  it.each(["Progressing", "Suspended", "Missing", "Unknown"])("%s, also without a commit", (status) => {
    for (const revision of ["", "1.2.3", "$(x)"]) {
      expect(describeBody({ app: "web", status, revision })).toMatchObject({
        ok: true,
        event: { status, commit: null, health: { app: "web", revision: null } },
      });
    }
  });

  it("the documented example of the rollback server", () => {
    const body = {
      event_type: "argo-degraded",
      client_payload: { failed_revision: "abc123", healthy_revision: SHA },
    };
    expect(describeBody(body)).toMatchObject({
      ok: true,
      event: {
        name: "health",
        status: "Degraded",
        action: "argo-degraded",
        commit: { sha: "abc123" },
        health: { app: null, revision: "abc123", healthyRevision: SHA },
      },
    });
  });

  it("the same without a healthy revision, or with an app", () => {
    const body = {
      event_type: "x",
      client_payload: { failed_revision: SHA, healthy_revision: "", app: "web" },
    };
    expect(describeBody(body)).toMatchObject({
      ok: true,
      event: { health: { app: "web", revision: SHA, healthyRevision: null } },
    });
  });

  it.each<[unknown, RegExp]>([
    ["{", /not valid JSON/],
    ["", /empty/],
    ["null", /neither \{app, status, revision\} nor/],
    [[], /neither/],
    [{ app: "web", status: "Degraded" }, /neither/],
    [{ app: "", status: "Degraded", revision: SHA }, /neither/],
    [{ app: "web", status: "degraded", revision: SHA }, /status is "degraded", which is none of Healthy/],
    [{ app: "web", status: "Degraded", revision: "" }, /revision is "", not a commit id/],
    [{ app: "web", status: "Degraded", revision: "abc123" }, /7 to 64/],
    [{ app: "web", status: "Healthy", revision: "1.2.3" }, /not a commit id/],
    [{ app: "web", status: "Healthy", revision: SHA.toUpperCase() }, /lower-case/],
    [{ app: "web", status: "Degraded", revision: `${SHA}\n` }, /not a commit id/],
    [{ app: "web", status: "Degraded", revision: "a".repeat(65) }, /not a commit id/],
    [{ app: "w".repeat(254), status: "Healthy", revision: SHA }, /application's name/],
    [{ app: "we\u0000b", status: "Healthy", revision: SHA }, /application's name/],
    [{ event_type: "x" }, /failed_revision is missing/],
    [{ client_payload: { failed_revision: SHA } }, /event_type is missing/],
    [{ event_type: "x", client_payload: { failed_revision: "$(id)" } }, /failed_revision is/],
    [
      { event_type: "x", client_payload: { failed_revision: SHA, healthy_revision: "abc123" } },
      /healthy_revision is "abc123", not a commit id of 7/,
    ],
    [
      { event_type: "x", client_payload: { failed_revision: SHA, healthy_revision: `${SHA};id` } },
      /healthy_revision is/,
    ],
    [{ event_type: "x", client_payload: "y" }, /failed_revision is missing/],
  ])("refuses %j", (body, reason) => {
    const result = describeBody(body);
    expect(result).toMatchObject({ ok: false });
    expect(result.ok ? "" : result.reason).toMatch(reason);
  });
});

describe("its settings", () => {
  it("say what the memory goes by", () => {
    expect(source().rollbackRules).toEqual({ maxPerHour: 3, firstHealthy: null });
    const settings = { max_rollbacks_per_hour: 1, first_healthy_revision: SHA };
    expect(source({ settings }).rollbackRules).toEqual({ maxPerHour: 1, firstHealthy: SHA });
  });

  it.each([
    { token_header: "a b" },
    { username: "" },
    { max_rollbacks_per_hour: -1 },
    { first_healthy_revision: "HEAD" },
    { other: 1 },
  ])("refuse %j", (settings) => {
    expect(argocd.schema.safeParse(settings).success).toBe(false);
  });
});
