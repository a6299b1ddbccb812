import { describe, expect, it } from "vitest";
import { settingsFromEnvironment } from "../../src/settings/environment.ts";

const ENV = {
  GH_PAT_WEBHOOK: "ghp_a-token-of-the-repository",
  REPO_OWNER: "mrfour4",
  REPO_NAME: "seminar-gitops",
};
const SHA = "e4a1dfd9eaddb3f5bb856752cf060622560bbaa2";

const read = (env: NodeJS.ProcessEnv = {}) => settingsFromEnvironment({ ...ENV, ...env });

describe("the environment of the rollback server", () => {
  it("stands for settings that serve as it did", () => {
    const settings = read();
    expect(settings).toMatchObject({
      server: { host: "0.0.0.0", port: 3_000 },
      github: { token: ENV.GH_PAT_WEBHOOK, apiUrl: "https://api.github.com" },
      sources: { argocd: { path: "/*", source: { kind: "argocd" } } },
      outbound: { allowCidrs: [] },
    });
    expect(settings?.actions["rollback"]?.steps).toMatchObject([
      {
        kind: "dispatch",
        options: {
          repository: "mrfour4/seminar-gitops",
          event_type: "argo-degraded",
          client_payload: {
            failed_revision: "${{ params.failed_revision }}",
            healthy_revision: "${{ params.healthy_revision }}",
          },
        },
      },
    ]);
  });

  it("keeps the secrets out of the text, which is stored, and masks them", () => {
    const settings = read({ WEBHOOK_TOKEN: "a-token-for-argo-cd" });
    expect(settings?.text).not.toContain(ENV.GH_PAT_WEBHOOK);
    expect(settings?.text).not.toContain("a-token-for-argo-cd");
    expect(settings?.secretValues).toEqual(
      expect.arrayContaining([ENV.GH_PAT_WEBHOOK, "a-token-for-argo-cd"]),
    );
  });

  it("honours each variable", () => {
    const settings = read({
      PORT: "3999",
      HOST: "::1",
      WEBHOOK_EVENT: 'argo: "down" # now',
      LAST_HEALTHY_COMMIT: SHA,
      GITHUB_API_URL: "https://ghe.example.com/api/v3/",
      OUTBOUND_ALLOW: "10.0.0.0/8, 127.0.0.1",
    });
    expect(settings).toMatchObject({
      server: { host: "::1", port: 3_999 },
      github: { apiUrl: "https://ghe.example.com/api/v3" },
      outbound: { allowCidrs: ["10.0.0.0/8", "127.0.0.1"] },
    });
    expect(settings?.sources["argocd"]?.source.rollbackRules).toEqual({ maxPerHour: 3, firstHealthy: SHA });
    expect(settings?.actions["rollback"]?.steps[0]?.options).toMatchObject({
      event_type: 'argo: "down" # now',
    });
  });

  it("takes what is set to nothing as not set", () => {
    const empty = { PORT: "", HOST: " ", WEBHOOK_EVENT: "", LAST_HEALTHY_COMMIT: "", WEBHOOK_TOKEN: "" };
    expect(read(empty)?.text).toBe(read()?.text);
  });

  it("warns loudly where anybody could start a rollback, and says how to change that", () => {
    const warnings = read()?.warnings.join("\n");
    expect(warnings).toMatch(/ANYBODY who reaches 0\.0\.0\.0:3000 can start a rollback.*WEBHOOK_TOKEN/);
    expect(read({ WEBHOOK_TOKEN: "a-token-for-argo-cd" })?.warnings).toEqual([]);
  });

  it.each<[NodeJS.ProcessEnv, RegExp]>([
    [{ REPO_OWNER: undefined }, /also needs REPO_OWNER/],
    [{ REPO_NAME: "" }, /also needs REPO_NAME/],
    [{ REPO_NAME: "a/b" }, /REPO_NAME is no name/],
    [{ WEBHOOK_EVENT: "x".repeat(101) }, /at most 100 characters/],
    [{ WEBHOOK_EVENT: "${{ event.payload }}" }, /no \$\{/],
    [{ LAST_HEALTHY_COMMIT: "HEAD" }, /LAST_HEALTHY_COMMIT is no commit id/],
    [{ PORT: "http" }, /settings/],
    [{ GH_PAT_WEBHOOK: "" }, /the secret is empty/],
    [{ OUTBOUND_ALLOW: "everything" }, /network/],
    [{ TOKEN_HASH: "$argon2id$x" }, /both set/],
  ])("refuses %j", (env, message) => {
    expect(() => read(env)).toThrow(message);
  });
});
