import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createOutboundFetch } from "../../src/lib/outbound.ts";
import type { StepContext, StepResult } from "../../src/steps/step.ts";
import { stepKinds, stepTitle } from "../../src/steps/registry.ts";
import { startFakeGithub, type FakeGithub } from "../fakes/github-api.ts";
import { createWorkbench, type Workbench } from "./workbench.ts";

const TOKEN = "ghp_a-token-of-the-settings";
const SHA = "1".repeat(40);

let bench: Workbench;
let github: FakeGithub;

beforeEach(async () => {
  bench = await createWorkbench({
    "params.sha": SHA,
    "params.long": "x".repeat(101),
    "params.big": "y".repeat(65_536),
  });
  const repository = { commits: {}, branches: {} };
  github = await startFakeGithub(
    { "o/gitops": repository, "o/read-only": { ...repository, writable: false } },
    { tokens: [TOKEN, "the-step's-own"] },
  );
});
afterEach(async () => {
  await github.close();
  await bench.remove();
});

const OPTIONS = {
  repository: "o/gitops",
  event_type: "argo-degraded",
  client_payload: { failed_revision: "abc1234", healthy_revision: "${{ params.sha }}" },
};

const dispatch = (
  options: Record<string, unknown> = {},
  change: Partial<StepContext> = {},
): Promise<StepResult> =>
  bench.run(
    "dispatch",
    { ...OPTIONS, ...options },
    {
      fetch: createOutboundFetch({ allowCidrs: ["127.0.0.0/8"] }),
      github: { token: async () => TOKEN, apiUrl: github.url },
      ...change,
    },
  );

describe("dispatch", () => {
  it("sends the event with the documented headers and body", async () => {
    expect(await dispatch()).toEqual({ exitCode: 0 });
    expect(github.requests).toEqual([
      { method: "POST", path: "/repos/o/gitops/dispatches", authorization: `Bearer ${TOKEN}` },
    ]);
    expect(github.dispatches).toMatchObject([
      {
        repository: "o/gitops",
        eventType: "argo-degraded",
        clientPayload: { failed_revision: "abc1234", healthy_revision: SHA },
        headers: {
          accept: "application/vnd.github+json",
          "content-type": "application/json; charset=utf-8",
          "user-agent": "hookwright",
          "x-github-api-version": "2022-11-28",
        },
      },
    ]);
    expect(bench.lines.join("\n")).toContain("GitHub took the event argo-degraded for o/gitops");
  });

  it("sends values of any JSON kind, texts rendered wherever they stand", async () => {
    const payload = { list: ["${{ params.sha }}", 1, true, null], map: { sha: "${{ params.sha }}" } };
    await dispatch({ client_payload: payload });
    expect(github.dispatches[0]?.clientPayload).toEqual({ list: [SHA, 1, true, null], map: { sha: SHA } });
  });

  it("goes to another API with the step's own token", async () => {
    const context = {
      env: { GITHUB_TOKEN: "the-step's-own" },
      github: { token: async () => null, apiUrl: "http://127.0.0.1:1" },
    };
    await dispatch({ api_url: `${github.url}/` }, context);
    expect(github.requests[0]?.authorization).toBe("Bearer the-step's-own");
    expect(github.dispatches).toHaveLength(1);
  });

  it.each<[string, Record<string, unknown>, Partial<StepContext>, RegExp]>([
    [
      "a wrong token",
      {},
      { env: { GITHUB_TOKEN: "wrong" } },
      /answered 401: Bad credentials.*expired or revoked/,
    ],
    [
      "no write access",
      { repository: "o/read-only" },
      {},
      /answered 403: Resource not accessible.*Contents: write/,
    ],
    ["an unknown repository", { repository: "o/none" }, {}, /answered 404: Not Found.*no repository o\/none/],
  ])("ends with GitHub's message and a hint: %s", async (_, options, change, message) => {
    await expect(dispatch(options, change)).rejects.toMatchObject({ code: "step:failed" });
    await expect(dispatch(options, change)).rejects.toThrow(message);
    expect(github.requests).toHaveLength(2);
  });

  it("tells what GitHub does not take", async () => {
    github.faults.push({ status: 422, message: "Validation Failed" });
    await expect(dispatch()).rejects.toThrow(
      "GitHub answered 422: Validation Failed. GitHub does not take the event",
    );
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ["a long event type", { event_type: "${{ params.long }}" }, /101 characters; GitHub takes 1 to 100/],
    ["an empty event type", { event_type: "${{ params.none }}" }, /0 characters/],
    [
      "a large payload",
      { client_payload: { x: "${{ params.big }}" } },
      /bytes; GitHub takes less than 64 KB/,
    ],
  ])("does not even ask: %s", async (_, options, message) => {
    await expect(dispatch(options)).rejects.toThrow(message);
    expect(github.requests).toEqual([]);
  });

  it("asks for a token where there is none", async () => {
    await expect(dispatch({}, { github: { token: async () => null, apiUrl: github.url } })).rejects.toThrow(
      "github.token",
    );
  });

  it("takes at most ten properties, and no template for the repository", () => {
    const schema = stepKinds.get("dispatch")?.schema;
    const properties = Object.fromEntries(Array.from({ length: 11 }, (_each, index) => [`p${index}`, 1]));
    expect(schema?.safeParse({ ...OPTIONS, client_payload: properties }).success).toBe(false);
    for (const repository of ["${{ params.x }}", "gitops", "o/a/b", "../x", "o/r?x"]) {
      expect(schema?.safeParse({ ...OPTIONS, repository }).success).toBe(false);
    }
  });

  it("has a title", () => {
    expect(stepTitle({ kind: "dispatch", options: OPTIONS })).toBe("dispatch argo-degraded to o/gitops");
  });
});

describe("trying again", () => {
  it("after faults of the server, a broken connection and limits that end soon", async () => {
    github.faults.push(
      { status: 503 },
      { fails: "reset" },
      { status: 429, headers: { "retry-after": "0" } },
      { status: 403, headers: { "retry-after": "0" }, message: "You have exceeded a secondary rate limit" },
      { status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000" } },
    );
    await dispatch();
    expect(github.requests).toHaveLength(6);
    expect(github.dispatches).toHaveLength(1);
    expect(bench.lines.filter((line) => line.includes("trying again in"))).toHaveLength(5);
  });

  it("waits for as long as GitHub asks, but not for a limit that lasts long", async () => {
    const reset = String(Math.ceil(Date.now() / 1_000) + 3_600);
    const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset };
    github.faults.push({ status: 403, headers, message: "API rate limit exceeded" });
    await expect(dispatch()).rejects.toThrow(/API rate limit exceeded.*retry the task later/);
    expect(github.requests).toHaveLength(1);
  });

  it.each([
    ["at least a minute where a secondary limit names no time", {}],
    ["as Retry-After says", { "retry-after": "60" }],
  ])("%s; a cancel ends the wait", async (_, headers) => {
    github.faults.push({ status: 403, headers, message: "You have exceeded a secondary rate limit." });
    const cancel = new AbortController();
    const running = dispatch({}, { signal: cancel.signal });
    await vi.waitFor(() => expect(bench.lines.join("\n")).toContain("trying again in 60 s"));
    cancel.abort(new Error("cancelled"));
    await expect(running).rejects.toThrow("cancelled");
    expect(github.requests).toHaveLength(1);
  });

  it("a cancel ends a request that is not answered", async () => {
    github.faults.push({ fails: "hang" });
    const cancel = new AbortController();
    const running = dispatch({}, { signal: cancel.signal });
    await vi.waitFor(() => expect(github.requests).toHaveLength(1));
    cancel.abort(new Error("cancelled"));
    await expect(running).rejects.toThrow("cancelled");
  });

  it("not what would end the same way: a refused address, a redirect", async () => {
    const strict = { fetch: createOutboundFetch() };
    await expect(dispatch({}, strict)).rejects.toThrow(/could not be asked: 127.0.0.1 is not called/);
    github.faults.push({
      status: 307,
      headers: { location: "https://api.github.com/repositories/1/dispatches" },
    });
    await expect(dispatch()).rejects.toThrow(/redirect \(307\)/);
    expect(github.requests).toHaveLength(1);
    expect(bench.lines).toEqual([]);
  });

  it("never shows the token", async () => {
    github.faults.push({ status: 500 }, { fails: "reset" });
    await dispatch();
    expect(bench.lines.join("\n")).not.toContain(TOKEN);
  });
});
