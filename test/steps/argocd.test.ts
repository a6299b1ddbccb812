import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createOutboundFetch } from "../../src/lib/outbound.ts";
import { stepKinds } from "../../src/steps/registry.ts";
import { type FakeArgocd, startFakeArgocd } from "../fakes/argocd-api.ts";
import { createWorkbench, type Workbench } from "./workbench.ts";

const TOKEN = "a-token-of-argo-cd";
const GOOD = "1".repeat(40);
const BAD = "2".repeat(40);
let bench: Workbench;
let argocd: FakeArgocd;
beforeEach(async () => {
  bench = await createWorkbench({ app: "web", good: GOOD, long: "x/../y" });
  argocd = await startFakeArgocd(TOKEN);
});
afterEach(async () => {
  await argocd.close();
  await bench.remove();
});

const run = (options: Record<string, unknown>) =>
  bench.run(
    "argocd",
    { server: argocd.url, token: TOKEN, app: "${{ app }}", interval: "1ms", ...options },
    { fetch: createOutboundFetch({ allowCidrs: ["127.0.0.0/8"] }) },
  );
const at = (revision: string, phase: string, health: string) => ({
  health: { status: health },
  operationState: { phase, message: "one or more objects failed", syncResult: { revision } },
});

describe("argocd", () => {
  it.each([
    ["a revision", "${{ good }}", 0, GOOD],
    ["an abbreviated revision", "1111111", 0, GOOD],
    ["an id of the history", "3", 3, BAD],
  ])("rolls back to %s", async (_what, rollback, id, revision) => {
    expect(await run({ rollback, prune: true })).toEqual({ exitCode: 0, outputs: { revision } });
    expect(argocd.requests).toMatchObject([
      { method: "GET", path: "/api/v1/applications/web" },
      {
        method: "POST",
        path: "/api/v1/applications/web/rollback",
        headers: { authorization: `Bearer ${TOKEN}` },
        body: { name: "web", id, prune: true },
      },
    ]);
  });

  it("syncs to a revision, or to the newest", async () => {
    await run({ sync: GOOD, app_namespace: "apps", project: "shop" });
    await run({ sync: "HEAD" });
    expect(argocd.requests).toMatchObject([
      {
        path: "/api/v1/applications/web/sync",
        body: { name: "web", revision: GOOD, appNamespace: "apps", project: "shop" },
      },
      { path: "/api/v1/applications/web/sync", body: { name: "web" } },
    ]);
    expect(argocd.requests[1]?.body).not.toHaveProperty("revision");
  });

  it("waits until the application is at the revision and healthy", async () => {
    argocd.looks.push({}, at(BAD, "Succeeded", "Degraded"), { ...at(GOOD, "Running", "Progressing") });
    argocd.looks.push(at(GOOD, "Succeeded", "Progressing"), at(GOOD, "Succeeded", "Healthy"));
    const { outputs } = await run({ rollback: GOOD, wait: true });
    expect(outputs).toEqual({ revision: GOOD, health: "Healthy" });
    expect(argocd.requests).toHaveLength(6);
  });

  it("fails when the operation does, when the application degrades, when it takes too long", async () => {
    argocd.looks.push(at(GOOD, "Failed", "Healthy"));
    await expect(run({ sync: GOOD, wait: true })).rejects.toThrow("Failed: one or more objects failed");
    argocd.looks.splice(0, 1, at(GOOD, "Succeeded", "Degraded"));
    await expect(run({ sync: GOOD, wait: true })).rejects.toThrow(`web is Degraded at ${GOOD}`);
    argocd.looks.splice(0, 1, at(GOOD, "Succeeded", "Progressing"));
    await expect(run({ sync: GOOD, wait: true, within: "20ms" })).rejects.toThrow(
      "in vain for web to be healthy",
    );
  });

  it("says what is wrong", async () => {
    await expect(run({ rollback: "3".repeat(40) })).rejects.toThrow(
      "The history of web has no 3333333333333333333333333333333333333333; it has 0 (111111111111), 3 (222222222222)",
    );
    await expect(run({ rollback: "9" })).rejects.toThrow("The history of web has no 9");
    await expect(run({ sync: "main; x" })).rejects.toThrow("is no revision");
    await expect(run({ sync: GOOD, app: "${{ long }}" })).rejects.toThrow("can't name an application");
    await expect(run({ sync: GOOD, token: "wrong" })).rejects.toThrow("answered 401: invalid session");
    await expect(run({ sync: GOOD, app: "other" })).rejects.toThrow(
      "answered 403: permission denied. There is no",
    );
    argocd.autoSync = true;
    await expect(run({ rollback: GOOD })).rejects.toThrow(
      "rollback cannot be initiated when auto-sync is enabled. With auto-sync on, Argo CD only follows Git",
    );
  });

  it("sends an operation once: its answer may have been lost after it was taken", async () => {
    argocd.faults.push("reset");
    await expect(run({ sync: GOOD })).rejects.toThrow("Argo CD could not be asked");
    expect(argocd.requests).toHaveLength(1);
  });

  it("is refused by the settings where it could not work", () => {
    const schema = stepKinds.get("argocd")?.schema;
    const good = { server: "https://argocd.example.com", token: "t", app: "web" };
    expect(schema?.safeParse({ ...good, sync: "HEAD" }).success).toBe(true);
    for (const wrong of [
      {},
      { sync: "HEAD", rollback: "1" },
      { sync: "HEAD", server: "argocd" },
      { sync: "HEAD", token: "" },
    ]) {
      expect(schema?.safeParse({ ...good, ...wrong }).success).toBe(false);
    }
  });
});
