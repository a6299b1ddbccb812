import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createOutboundFetch } from "../../src/lib/outbound.ts";
import { stepKinds } from "../../src/steps/registry.ts";
import type { StepContext } from "../../src/steps/step.ts";
import { type FakeWorkflows, type FakeWorkflowsOptions, startFakeWorkflows } from "../fakes/workflows-api.ts";
import { createWorkbench, type Workbench } from "./workbench.ts";

const TOKEN = "a-token-of-the-forge";
const SHA = "1".repeat(40);
let bench: Workbench;
let api: FakeWorkflows | undefined;
beforeEach(async () => {
  bench = await createWorkbench({ sha: SHA });
});
afterEach(async () => {
  await api?.close();
  await bench.remove();
});

async function serve(options: Partial<FakeWorkflowsOptions> = {}): Promise<FakeWorkflows> {
  api = await startFakeWorkflows({ forge: "github", token: TOKEN, ...options });
  return api;
}

const OPTIONS = {
  repository: "o/gitops",
  workflow: "rollback.yaml",
  inputs: { revision: "${{ sha }}" },
  interval: "1ms",
};
const start = (options: Record<string, unknown> = {}, change: Partial<StepContext> = {}) =>
  bench.run(
    "workflow_dispatch",
    { ...OPTIONS, ...options },
    {
      fetch: createOutboundFetch({ allowCidrs: ["127.0.0.0/8"] }),
      github: { token: async () => TOKEN, apiUrl: api?.url ?? "" },
      ...change,
    },
  );

describe("workflow_dispatch", () => {
  it("starts a workflow at GitHub, as documented", async () => {
    const { requests } = await serve();
    expect(await start()).toEqual({ exitCode: 0 });
    expect(requests).toMatchObject([
      {
        method: "POST",
        path: "/repos/o/gitops/actions/workflows/rollback.yaml/dispatches",
        headers: {
          accept: "application/vnd.github+json",
          authorization: `Bearer ${TOKEN}`,
          "content-type": "application/json",
          "user-agent": "hookwright",
          "x-github-api-version": "2022-11-28",
        },
        body: { ref: "main", inputs: { revision: SHA } },
      },
    ]);
    expect(Object.keys(requests[0]?.body ?? {})).toEqual(["ref", "inputs"]);
  });

  it("waits for the run, when asked to", async () => {
    const { looks, requests } = await serve();
    const run = { html_url: "https://example.com/7" };
    looks.push({ ...run, status: "queued", conclusion: null }, { ...run, status: "in_progress" });
    looks.push({ ...run, status: "completed", conclusion: "success" });
    expect(await start({ wait: true })).toEqual({
      exitCode: 0,
      outputs: { run: "7", url: "https://example.com/7", result: "success" },
    });
    expect(requests.map(({ method }) => method)).toEqual(["POST", "GET", "GET", "GET"]);
    expect(requests[0]?.body).toMatchObject({ return_run_details: true });
  });

  it("fails when the run does, and says where to look", async () => {
    const { looks } = await serve();
    looks.push({ status: "completed", conclusion: "failure", html_url: "https://example.com/7" });
    await expect(start({ wait: true })).rejects.toMatchObject({
      code: "step:failed",
      message: "The run 7 of rollback.yaml ended with failure: https://example.com/7",
    });
  });

  it("fails when the run takes too long, or an older server does not name it", async () => {
    const { looks } = await serve();
    looks.push({ status: "queued" });
    await expect(start({ wait: true, within: "20ms" })).rejects.toThrow(/Waited 20ms in vain for run 7/);
    await api?.close();
    await serve({ tellsRun: false });
    await expect(start({ wait: true })).rejects.toThrow("did not say which run");
  });

  it.each(["gitea", "forgejo"] as const)("starts a workflow at %s", async (forge) => {
    const { url, requests } = await serve({ forge });
    await start({ forge, api_url: url, token: TOKEN });
    expect(requests).toMatchObject([
      { headers: { authorization: `token ${TOKEN}` }, body: { ref: "main", inputs: { revision: SHA } } },
    ]);
  });

  it("waits at Forgejo, by the words that it has", async () => {
    const { url, looks, requests } = await serve({ forge: "forgejo" });
    const options = { forge: "forgejo", api_url: url, token: TOKEN, wait: true };
    looks.push({ status: "waiting" }, { status: "running" }, { status: "success", html_url: "https://x/3" });
    expect((await start(options)).outputs).toEqual({ run: "7", url: "https://x/3", result: "success" });
    expect(requests[0]?.body).toMatchObject({ return_run_info: true });
    looks.splice(0, looks.length, { status: "cancelled" });
    await expect(start(options)).rejects.toThrow("ended with cancelled");
  });

  it.each<[string, Record<string, unknown>, Partial<StepContext>, RegExp]>([
    [
      "a wrong token",
      {},
      { env: { GITHUB_TOKEN: "wrong" } },
      /answered 401: Bad credentials. The token is wrong/,
    ],
    ["an unknown workflow", { workflow: "x.yaml" }, {}, /answered 404: Not Found. There is no .* x.yaml/],
    ["an unknown ref", { ref: "none" }, {}, /answered 422: No ref found for: none. See ref/],
    ["an empty ref", { ref: "${{ none }}" }, {}, /ref is empty/],
  ])("says what is wrong: %s", async (_name, options, change, message) => {
    await serve();
    await expect(start(options, change)).rejects.toThrow(message);
  });

  it("tries again what may pass", async () => {
    const { faults, requests } = await serve();
    faults.push("reset", { status: 502 }, { status: 429, headers: { "retry-after": "0" } });
    await start();
    expect(requests).toHaveLength(4);
  });

  it("is refused by the settings where it could not work", () => {
    const schema = stepKinds.get("workflow_dispatch")?.schema;
    const wrong = [
      { forge: "gitea", token: "t" },
      { forge: "forgejo", api_url: "https://x/api/v1" },
      { forge: "gitea", token: "t", api_url: "https://x/api/v1", wait: true },
      { workflow: "../x" },
      { repository: "o" },
      { inputs: Object.fromEntries(Array.from({ length: 26 }, (_each, index) => [`i${index}`, ""])) },
    ];
    for (const options of wrong) expect(schema?.safeParse({ ...OPTIONS, ...options }).success).toBe(false);
  });
});
