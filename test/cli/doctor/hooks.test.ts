import { afterEach, describe, expect, it } from "vitest";
import { checkHooks } from "../../../src/cli/doctor/checks/hooks.ts";
import type { Finding } from "../../../src/cli/doctor/finding.ts";
import { type FakeGithubHooksOptions, startFakeGithubHooks } from "../../fakes/github-hooks.ts";
import { type FakeGitlabHooksOptions, startFakeGitlabHooks } from "../../fakes/gitlab-hooks.ts";
import type { FakeSender } from "../../fakes/hook-sender.ts";
import { load } from "../../settings/settings-file.ts";

let fake: FakeSender | null = null;
afterEach(() => fake?.close());

const settingsFor = (kind: string, recover: string, event: string): string => `
server: { public_url: "https://hooks.example.com" }
outbound: { allow: [127.0.0.1] }
sources:
  app: { kind: ${kind}, secret: a-secret-of-its-own-0123456789, recover: { ${recover} } }
actions:
  deploy: { on: [{ source: app, event: ${event} }], steps: [{ run: ["true"] }] }
`;

async function look(text: string): Promise<readonly Finding[]> {
  const settings = await load(text);
  const signal = new AbortController().signal;
  return checkHooks({ settings, env: {}, now: () => new Date(), signal });
}

async function github(options: FakeGithubHooksOptions, event = "push"): Promise<string> {
  fake = await startFakeGithubHooks(options);
  const found = await look(
    settingsFor("github", `repository: o/app, token: t, api_url: "${fake.url}"`, event),
  );
  return found.map(({ level, seen }) => `${level}: ${seen}`).join("\n");
}

async function gitlab(options: FakeGitlabHooksOptions, event = "push"): Promise<string> {
  fake = await startFakeGitlabHooks(options);
  const found = await look(settingsFor("gitlab", `project: g/app, token: t, api_url: "${fake.url}"`, event));
  return found.map(({ level, seen }) => `${level}: ${seen}`).join("\n");
}

const config = { url: "https://hooks.example.com/hooks/app", insecure_ssl: "0", secret: "********" };

describe("a webhook at GitHub", () => {
  it.each([
    ["as it should be", {}, "ok: The webhook of o/app (source app) is as it should be"],
    [
      "for every event",
      { hook: { events: ["*"] } },
      "ok: The webhook of o/app (source app) is as it should be",
    ],
    [
      "not there",
      { hook: null },
      "problem: o/app (source app) has no webhook that sends to https://hooks.example.com/hooks/app",
    ],
    [
      "switched off",
      { hook: { active: false } },
      "problem: The webhook of o/app (source app) is switched off",
    ],
    [
      "without a secret",
      { hook: { config: { ...config, secret: "" } } },
      "problem: The webhook of o/app (source app) has no secret",
    ],
    [
      "without TLS checks",
      { hook: { config: { ...config, insecure_ssl: "1" } } },
      "problem: The webhook of o/app (source app) does not look at the certificate",
    ],
    [
      "for other events",
      { hook: { events: ["issues"] } },
      "problem: The webhook of o/app (source app) does not send push",
    ],
    [
      "failing",
      { hook: { last_response: { code: 502 } } },
      "warning: The last delivery of o/app (source app) was answered with 502",
    ],
  ])("is %s", async (_what, options, expected) => {
    expect(await github(options)).toBe(expected);
  });

  it.each([
    ["tag", ["push"], "ok"],
    ["tag", ["create"], "problem"],
    ["build", ["workflow_run"], "ok"],
    ["build", ["status", "push"], "ok"],
    ["build", ["push"], "problem"],
    ["image", ["package"], "ok"],
  ])("is asked for %s where it sends %j: %s", async (event, events, level) => {
    expect(await github({ hook: { events } }, event)).toMatch(new RegExp(`^${level}: `));
  });

  it("is found behind many others", async () => {
    expect(await github({ others: 230 })).toBe("ok: The webhook of o/app (source app) is as it should be");
  });

  it("can't be looked at with a bad token", async () => {
    expect(await github({ accepts: () => false })).toMatch(
      /^problem: The webhook of o\/app \(source app\) can't be looked at: .*401/,
    );
  });
});

describe("a webhook at GitLab", () => {
  it.each([
    ["as it should be", {}, "ok: The webhook of g/app (source app) is as it should be"],
    [
      "disabled",
      { hook: { alert_status: "disabled" } },
      "problem: The webhook of g/app (source app) is switched off",
    ],
    [
      "without TLS checks",
      { hook: { enable_ssl_verification: false } },
      "problem: The webhook of g/app (source app) does not look at the certificate",
    ],
    [
      "for other events",
      { hook: { push_events: false } },
      "problem: The webhook of g/app (source app) does not send push",
    ],
  ])("is %s", async (_what, options, expected) => {
    expect(await gitlab(options)).toBe(expected);
  });

  it.each([
    ["tag", { tag_push_events: true }, "ok"],
    ["tag", {}, "problem"],
    ["pull_request", {}, "problem"],
    ["build", { pipeline_events: true }, "ok"],
  ])("is asked for %s where it has %j: %s", async (event, hook, level) => {
    expect(await gitlab({ hook }, event)).toMatch(new RegExp(`^${level}: `));
  });

  it("is found behind many others", async () => {
    expect(await gitlab({ others: 100 })).toBe("ok: The webhook of g/app (source app) is as it should be");
  });
});
