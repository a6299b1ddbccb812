import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createOutboundFetch } from "../../src/lib/outbound.ts";
import { stepKinds } from "../../src/steps/registry.ts";
import { type FakeApi, startFakeApi } from "../fakes/json-api.ts";
import { createWorkbench, type Workbench } from "./workbench.ts";

/** https://docs.gitlab.com/api/pipeline_triggers/ and https://docs.gitlab.com/api/pipelines/ */
function startFakeGitlab(statuses: string[]): Promise<FakeApi> {
  const pipeline = { id: 12, web_url: "https://gitlab.example.com/g/gitops/-/pipelines/12" };
  return startFakeApi(({ method, path, headers, body }) => {
    if (method === "GET" && path === "/projects/g/gitops/pipelines/12") {
      if (headers["private-token"] !== "reader")
        return { status: 401, body: { message: "401 Unauthorized" } };
      const status = statuses.length > 1 ? statuses.shift() : statuses[0];
      return { status: 200, body: { ...pipeline, status } };
    }
    const given = new Map(Object.entries(body ?? {}));
    if (path !== "/projects/g/gitops/trigger/pipeline" || given.get("token") !== "trigger") {
      return { status: 404, body: { message: "404 Not Found" } };
    }
    if (given.get("ref") !== "main")
      return { status: 400, body: { message: { base: ["Reference not found"] } } };
    return { status: 201, body: { ...pipeline, status: "created" } };
  });
}

let bench: Workbench;
let gitlab: FakeApi;
const statuses: string[] = [];
beforeEach(async () => {
  bench = await createWorkbench({ sha: "1234567" });
  statuses.length = 0;
  gitlab = await startFakeGitlab(statuses);
});
afterEach(async () => {
  await gitlab.close();
  await bench.remove();
});

const OPTIONS = {
  project: "g/gitops",
  trigger_token: "trigger",
  variables: { REVISION: "${{ sha }}" },
  interval: "1ms",
};
const start = (options: Record<string, unknown> = {}) =>
  bench.run(
    "gitlab_pipeline",
    { ...OPTIONS, api_url: gitlab.url, ...options },
    { fetch: createOutboundFetch({ allowCidrs: ["127.0.0.0/8"] }) },
  );
const url = "https://gitlab.example.com/g/gitops/-/pipelines/12";

describe("gitlab_pipeline", () => {
  it("starts a pipeline with its variables", async () => {
    expect(await start()).toEqual({ exitCode: 0, outputs: { pipeline: "12", url, result: "created" } });
    expect(gitlab.requests).toMatchObject([
      { method: "POST", body: { token: "trigger", ref: "main", variables: { REVISION: "1234567" } } },
    ]);
  });

  it("waits for its end", async () => {
    statuses.push("pending", "running", "success");
    expect((await start({ wait: true, token: "reader" })).outputs).toMatchObject({ result: "success" });
    statuses.splice(0, statuses.length, "failed");
    await expect(start({ wait: true, token: "reader" })).rejects.toThrow(
      `Pipeline 12 ended as failed: ${url}`,
    );
    await expect(start({ wait: true, token: "other" })).rejects.toThrow("answered 401: 401 Unauthorized");
  });

  it.each([
    [{ ref: "none" }, /answered 400: {"base":\["Reference not found"\]}. See ref/],
    [{ trigger_token: "old" }, /answered 404: 404 Not Found. There is no project g\/gitops/],
    [{ project: "g/other" }, /answered 404/],
  ])("says what is wrong: %o", async (options, message) => {
    await expect(start(options)).rejects.toThrow(message);
  });

  it("is refused by the settings where it could not work", () => {
    const schema = stepKinds.get("gitlab_pipeline")?.schema;
    const wrong = [{ wait: true }, { project: "x" }, { project: "../x" }, { variables: { "A-B": "x" } }];
    for (const options of wrong) expect(schema?.safeParse({ ...OPTIONS, ...options }).success).toBe(false);
  });
});
