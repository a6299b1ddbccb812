import { describe, expect, it } from "vitest";
import { parseSettings } from "../../src/settings/load.ts";
import { problemsOf } from "./settings-file.ts";

const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const parse = (text: string, env: NodeJS.ProcessEnv = {}) =>
  parseSettings({ text, file: null, dir: "/tmp", env });

describe("endpoints in the settings", () => {
  it("have the defaults that the documentation names", () => {
    const { notify } = parse(
      'notify: { ops: { kind: jobserv, url: "https://example.com/webhook", secret: s } }',
    );
    expect(notify["ops"]).toMatchObject({
      name: "ops",
      kind: "jobserv",
      url: "https://example.com/webhook",
      events: ["task.completed", "task.failed", "task.cancelled"],
      onlyFailures: false,
      groupMs: null,
      ordered: false,
      concurrency: 8,
      timeoutMs: 15_000,
      jitter: 0.2,
    });
    expect(notify["ops"]?.schedule).toHaveLength(10);
  });

  it("have their secrets and secret URLs masked", () => {
    const text = `
notify:
  chat: { kind: slack, url: "\${SLACK}" }
  std: { kind: standard-webhooks, url: https://example.com/in, secrets: [${WHSEC}] }
`;
    const { secretValues } = parse(text, { SLACK: "https://hooks.slack.com/services/T0/B0/xyz" });
    expect(secretValues).toEqual(
      expect.arrayContaining(["https://hooks.slack.com/services/T0/B0/xyz", WHSEC]),
    );
  });

  it("take no template from the environment", () => {
    const text = 'notify: { any: { kind: generic, url: "https://example.com", template: "a ${X} b" } }';
    const { notify } = parse(text, { X: "${{ task.action }}" });
    const notice = {
      id: "1",
      type: "endpoint.test",
      at: "",
      task: null,
      delivery: null,
      failures: 0,
    } as const;
    const links = {
      base: "",
      task: () => "",
      delivery: () => "",
      build: () => "",
      page: () => "",
      run: () => "",
    };
    expect(notify["any"]?.render(notice, links).body).toBe("a ${{ task.action }} b");
  });
});

const url = "url: https://example.com/in";

it.each([
  ["no kind", `{ ${url} }`, "notify.a: the key kind is missing; expected jobserv, "],
  ["an unknown kind", `{ kind: slak, ${url} }`, "notify.a.kind: there is no kind slak; expected"],
  ["no URL", "{ kind: slack }", "notify.a.url: expected a URL such as"],
  ["what is no URL", "{ kind: slack, url: example.com }", "notify.a.url: expected a URL such as"],
  ["no secret", `{ kind: jobserv, ${url} }`, "notify.a: an endpoint of the kind jobserv needs a secret"],
  [
    "a useless secret",
    `{ kind: slack, ${url}, secret: x }`,
    "notify.a: an endpoint of the kind slack has no use",
  ],
  ["a bad secret", `{ kind: standard-webhooks, ${url}, secret: x }`, "notify.a.secret: expected whsec_ and"],
  ["an unknown event", `{ kind: slack, ${url}, events: [task.done] }`, "notify.a.events[0]: expected"],
  [
    "an event that the kind can't say",
    `{ kind: jobserv, ${url}, secret: x, events: [task.started] }`,
    "notify.a.events[0]: the kind jobserv has no way to say task.started",
  ],
  ["another kind's key", `{ kind: slack, ${url}, detailed: true }`, "notify.a.detailed: unknown key"],
  [
    "a bad wait",
    `{ kind: slack, ${url}, retry_schedule: [soon] }`,
    "notify.a.retry_schedule[0]: expected a duration",
  ],
  [
    "an unknown variable",
    `{ kind: generic, ${url}, template: { text: "\${{ event.x }}" } }`,
    "notify.a.template: ${{ event.x }}: Unknown variable: event",
  ],
  [
    "a template elsewhere",
    `{ kind: slack, url: "https://x.y/\${{ task.id }}" }`,
    "notify.a.url: no ${{ }} can stand here",
  ],
])("says what is wrong with %s", async (_what, endpoint, message) => {
  const problems = await problemsOf(`notify: { a: ${endpoint} }`);
  expect(problems.join("\n")).toContain(message);
});

it("an action can name only endpoints that there are", async () => {
  const text =
    'actions: { a: { steps: [{ run: ["true"] }], notify: [opps] } }\nnotify: { ops: { kind: slack, url: https://x.y/z } }';
  expect((await problemsOf(text)).join("\n")).toContain(
    'actions.a.notify[0]: there is no endpoint opps in notify; did you mean "ops"?',
  );
});
