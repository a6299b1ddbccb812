import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { including } from "../../support/like.ts";
import { problemOf } from "../../support/problems.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "a-long-enough-secret";
const settingsWith = (action: string): string => `
sources:
  app: { kind: github, secret: "${SECRET}" }
  lab: { kind: gitlab, secret: "${SECRET}", path: /in/lab }
actions:
  ${action}:
    description: It does
    params: { sha: { pattern: "[0-9a-f]+" }, note: { default: none, description: For people } }
    steps: [{ name: first, run: [echo, hi], env: { PASSWORD: "${SECRET}" } }]
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: settingsWith("deploy"), file: true, work: false });
});
afterAll(() => server.close());

describe("what the settings say", () => {
  it("has the actions with their params and steps", async () => {
    expect((await server.client.listActions()).items).toEqual([
      {
        name: "deploy",
        description: "It does",
        params: {
          sha: {
            pattern: "[0-9a-f]+",
            required: true,
            default: null,
            description: null,
            allow_leading_dash: false,
          },
          note: {
            pattern: null,
            required: false,
            default: "none",
            description: "For people",
            allow_leading_dash: false,
          },
        },
        steps: [{ name: "first", kind: "run" }],
      },
    ]);
  });

  it("has the sources with their paths, and what has come in", async () => {
    const nothing = { last_delivery: null, refused: {}, recoveries: [] };
    expect(await (await server.api("/sources")).json()).toEqual({
      items: [
        { name: "app", kind: "github", path: "/hooks/app", ...nothing },
        { name: "lab", kind: "gitlab", path: "/in/lab", ...nothing },
      ],
    });
    await server.push({ secret: SECRET });
    expect((await server.client.listSources()).items).toEqual([
      {
        name: "app",
        kind: "github",
        path: "/hooks/app",
        last_delivery: including({ event: "push", verdict: "accepted" }),
        refused: {},
        recoveries: [],
      },
      { name: "lab", kind: "gitlab", path: "/in/lab", ...nothing },
    ]);
  });

  it("never has a secret", async () => {
    for (const path of ["/actions", "/sources"])
      expect(await (await server.api(path)).text()).not.toContain(SECRET);
  });
});

describe("GET /counters", () => {
  it("counts what was refused, by source and code", async () => {
    for (let times = 0; times < 3; times += 1) await server.push({ secret: "wrong" });
    await server.fetch("/in/lab", { method: "POST", body: "{}" });
    expect(await (await server.api("/counters")).json()).toEqual({
      items: [
        { name: "signature:invalid", source: "app", value: 3 },
        { name: "signature:missing", source: "lab", value: 1 },
      ],
    });
    const refused = (await server.client.listSources()).items.map((source) => source.refused);
    expect(refused).toEqual([{ "signature:invalid": 3 }, { "signature:missing": 1 }]);
  });
});

describe("POST /settings/reload", () => {
  const file = () => join(server.dir, "hookwright.yaml");
  const actions = async () => (await server.client.listActions()).items.map(({ name }) => name);

  it("puts the file as it is now in force", async () => {
    await writeFile(file(), settingsWith("publish"));
    const response = await server.api("/settings/reload", { method: "POST" });
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(await actions()).toEqual(["publish"]);
  });

  it("refuses a bad one, says what is wrong where, and the old ones stay", async () => {
    const before = await actions();
    await writeFile(file(), "actoins: {}\n");
    const response = await server.api("/settings/reload", { method: "POST" });
    const problem = await problemOf(response);
    expect(problem.code).toBe("settings:invalid");
    expect(problem.detail).toMatch(/1:1.*actoins.*actions/s);
    expect(await actions()).toEqual(before);
  });
});
