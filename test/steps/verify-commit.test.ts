import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createOutboundFetch } from "../../src/lib/outbound.ts";
import { stepKinds, stepTitle } from "../../src/steps/registry.ts";
import { startFakeGithub, type FakeGithub } from "../fakes/github-api.ts";
import { createWorkbench, type Workbench } from "./workbench.ts";

const GOOD = "1".repeat(40);
const UNSIGNED = "2".repeat(40);
const OLD = "3".repeat(40);

let bench: Workbench;
let github: FakeGithub;

beforeEach(async () => {
  bench = await createWorkbench();
  github = await startFakeGithub({
    "K-Fet/K-App": {
      commits: { [GOOD]: { verified: true }, [UNSIGNED]: { verified: false }, [OLD]: { verified: true } },
      branches: {
        prod: { sha: GOOD, protected: true },
        "release/1": { sha: GOOD, protected: false },
        develop: { sha: UNSIGNED, protected: true },
      },
    },
  });
});
afterEach(async () => {
  await github.close();
  await bench.remove();
});

const verify = (options: Record<string, unknown>, change = {}) =>
  bench.run(
    "verify-commit",
    { repository: "K-Fet/K-App", sha: GOOD, branch: "prod", ...options },
    {
      fetch: createOutboundFetch({ allowCidrs: ["127.0.0.0/8"] }),
      github: { token: async () => "settings-token", apiUrl: github.url },
      ...change,
    },
  );

describe("verify-commit", () => {
  it("passes a verified commit that is head of the protected branch, asking with the settings' token", async () => {
    expect(await verify({})).toEqual({ exitCode: 0 });
    expect(github.requests).toEqual([
      { method: "GET", path: `/repos/K-Fet/K-App/commits/${GOOD}`, authorization: "token settings-token" },
      {
        method: "GET",
        path: `/repos/K-Fet/K-App/commits/${GOOD}/branches-where-head`,
        authorization: "token settings-token",
      },
    ]);
  });

  it("asks without a token where there is none, and with the step's own", async () => {
    await verify({}, { github: { token: async () => null, apiUrl: `${github.url}/` } });
    await verify(
      { token: "own", api_url: github.url },
      { github: { token: async () => null, apiUrl: "http://127.0.0.1:1" } },
    );
    expect(github.requests.map(({ authorization }) => authorization)).toEqual([
      null,
      null,
      "token own",
      "token own",
    ]);
  });

  it.each([
    [{ sha: "9".repeat(40) }, "This commit doesn't exist"],
    [{ repository: "K-Fet/Other" }, "This commit doesn't exist"],
    [{ sha: UNSIGNED, branch: "develop" }, "Commit is not verified by github"],
    [{ sha: OLD }, "Commit is not HEAD on prod"],
    [{ branch: "release/1" }, "Branch release/1 is not protected"],
    [{ branch: "release/1", head: false }, "Branch release/1 is not protected"],
    [{ branch: "none", head: false }, "There is no branch none"],
    [{ sha: "prod" }, '"prod" is no whole commit id'],
    [{ branch: "-x" }, `"-x" can't name a branch`],
  ])("refuses %j: %s", async (options, message) => {
    await expect(verify(options)).rejects.toMatchObject({ code: "step:failed", message });
  });

  it("checks only what it is asked to", async () => {
    await verify({ sha: UNSIGNED, branch: "develop", verified: false });
    await verify({ sha: OLD, branch: "prod", head: false });
    await verify({ branch: "release/1", protected: false });
    await verify({ sha: OLD, branch: "none", head: false, protected: false });
    expect(github.requests.map(({ path }) => path.split("/").at(-1))).toEqual([
      UNSIGNED,
      "branches-where-head",
      OLD,
      "prod",
      GOOD,
      "branches-where-head",
      OLD,
    ]);
  });

  it("asks again after a fault of the server and a short rate limit", async () => {
    github.faults.push({ status: 502 }, { status: 429, headers: { "retry-after": "0" } });
    await verify({});
    expect(github.requests.length).toBe(4);
    expect(bench.lines.filter((line) => line.includes("asking again")).length).toBe(2);
  });

  it("does not wait out a long rate limit", async () => {
    const reset = String(Math.ceil(Date.now() / 1_000) + 3_600);
    github.faults.push({
      status: 403,
      headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset },
    });
    await expect(verify({})).rejects.toThrow("GitHub refuses to answer");
    expect(github.requests.length).toBe(1);
  });

  it("says that the token is not accepted", async () => {
    github.faults.push({ status: 401 });
    await expect(verify({})).rejects.toThrow("GitHub does not accept the token");
  });

  it("says that GitHub can't be reached, and stops when the task does", async () => {
    await github.close();
    await expect(verify({})).rejects.toThrow("GitHub could not be asked");
    await expect(verify({}, { signal: AbortSignal.abort(new Error("cancelled")) })).rejects.toThrow(
      "cancelled",
    );
  });

  it("takes no template where the repository stands", () => {
    const options = { repository: "${{ event.repository }}", sha: GOOD, branch: "prod" };
    expect(stepKinds.get("verify-commit")?.schema.safeParse(options).success).toBe(false);
  });

  it("has a title", () => {
    const options = { repository: "o/r", sha: GOOD, branch: "prod" };
    expect(stepTitle({ kind: "verify-commit", options })).toBe("verify 111111111111 on prod of o/r");
  });
});
