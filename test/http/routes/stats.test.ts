import { afterAll, beforeAll, expect, it } from "vitest";
import { percentiles } from "../../../src/usecases/stats.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
sources: { app: { kind: github, secret: "${SECRET}" } }
actions:
  good: { workdir: ., steps: [{ run: ["true"] }] }
  bad: { workdir: ., steps: [{ run: ["false"] }] }
`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS });
});
afterAll(() => server.close());

it("says how tasks ended, and how long those took that succeeded", async () => {
  for (const action of ["good", "good", "bad"]) {
    await server.ended((await server.client.startTask({ action, params: {} })).id);
  }
  const { hours, succeeded } = await server.client.taskStats({ days: 3 });
  const count = (outcome: string): number =>
    hours.filter((each) => each.outcome === outcome).reduce((sum, { tasks }) => sum + tasks, 0);
  expect([count("succeeded"), count("failed"), succeeded?.tasks]).toEqual([2, 1, 2]);
  const { p50 = 0, p90 = 0, p99 = 0 } = succeeded?.total_ms ?? {};
  expect([p50, p90, p99].toSorted((a, b) => a - b)).toEqual([p50, p90, p99]);
  expect(p50).toBeGreaterThanOrEqual(succeeded?.waited_ms.p50 ?? Number.POSITIVE_INFINITY);
});

it("says what the sources sent", async () => {
  await server.push({ secret: SECRET });
  await server.push({ secret: SECRET, body: "{" });
  await server.push({ secret: "wrong" });
  const { items } = await server.client.sourceStats();
  expect(items).toMatchObject([{ source: "app", accepted: 1, rejected: 1 }]);
});

it("takes percentiles by nearest rank", () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(percentiles(values)).toEqual({ p50: 100, p90: 180, p99: 198 });
  expect(percentiles([7])).toEqual({ p50: 7, p90: 7, p99: 7 });
});
