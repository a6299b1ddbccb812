import { Webhooks } from "@octokit/webhooks";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { endpointKinds } from "../../src/outbound/registry.ts";
import { exampleSource } from "../../src/settings/example-source.ts";
import { matching } from "../support/like.ts";
import { aNotice, anEndpoint, aTask, LINKS } from "./build.ts";

const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const WHSEC_2 = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const NOW = new Date("2026-11-25T00:00:00.000Z");

const sent = (endpoint: ReturnType<typeof anEndpoint>, notice = aNotice(), attempt = 1) => {
  const { body, headers } = endpoint.render(notice, LINKS);
  const signed = endpoint.sign({ id: "msg-1", type: notice.type, body, now: NOW, attempt });
  return { body, headers: { ...headers, ...signed } };
};

describe("standard-webhooks", () => {
  it("signs the specification's own vector", () => {
    const endpoint = anEndpoint({ kind: "standard-webhooks", secrets: [WHSEC] });
    const signed = endpoint.sign({
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
      type: "task.completed",
      body: '{"test": 2432232314}',
      now: new Date(1_614_265_330_000),
      attempt: 1,
    });
    expect(signed).toEqual({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  it("is accepted by the standardwebhooks package, under each of two live secrets", () => {
    const endpoint = anEndpoint({ kind: "standard-webhooks", secrets: [WHSEC, WHSEC_2] });
    const { body, headers } = endpoint.render(aNotice(), LINKS);
    const signed = endpoint.sign({ id: "m", type: "task.completed", body, now: new Date(), attempt: 1 });
    for (const secret of [WHSEC, WHSEC_2]) {
      expect(new Webhook(secret).verify(body, { ...headers, ...signed })).toMatchObject({
        type: "task.completed",
        data: { task: { action: "deploy", outcome: "succeeded" } },
      });
    }
    const other = `whsec_${Buffer.alloc(24).toString("base64")}`;
    expect(() => new Webhook(other).verify(body, { ...signed })).toThrow("No matching signature");
  });

  it.each(["plain", "whsec_c2hvcnQ=", "whsec_%%%"])("refuses the secret %s", (secret) => {
    expect(endpointKinds.get("standard-webhooks")?.secretProblem?.(secret)).toContain("expected whsec_");
  });
});

describe("github", () => {
  it("is accepted by the @octokit/webhooks package, which hands the event to its listeners", async () => {
    const webhooks = new Webhooks({ secret: "It's a Secret to Everybody" });
    const heard: string[] = [];
    webhooks.on("workflow_run.completed", ({ payload }) => {
      heard.push(`${payload.workflow_run.name} ${payload.workflow_run.conclusion ?? ""}`);
    });
    const failed = aNotice({ type: "task.failed", task: aTask({ state: "CANCELLED", outcome: "failed" }) });
    const { body, headers } = sent(
      anEndpoint({ kind: "github", secrets: ["It's a Secret to Everybody"] }),
      failed,
    );
    await webhooks.verifyAndReceive({
      id: headers["x-github-delivery"] ?? "",
      name: headers["x-github-event"] ?? "",
      payload: body,
      signature: headers["x-hub-signature-256"] ?? "",
    });
    expect(heard).toEqual(["deploy failure"]);
    expect(await webhooks.verify(`${body} `, headers["x-hub-signature-256"] ?? "")).toBe(false);
  });

  it("signs GitHub's own vector, and its test is a ping", () => {
    const endpoint = anEndpoint({ kind: "github", secrets: ["It's a Secret to Everybody"] });
    expect(
      endpoint.sign({ id: "1", type: "task.failed", body: "Hello, World!", now: NOW, attempt: 1 }),
    ).toMatchObject({
      "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    });
    const test = sent(endpoint, aNotice({ type: "endpoint.test", task: null }));
    expect(test.headers["x-github-event"]).toBe("ping");
  });

  it("tells of a running task as a run in progress", () => {
    const running = aTask({ state: "RUNNING", outcome: null, endedAt: null });
    const { body } = sent(
      anEndpoint({ kind: "github", secrets: ["s"], options: { repository: "me/app" } }),
      aNotice({ type: "task.started", task: running }),
    );
    expect(JSON.parse(body)).toMatchObject({
      action: "in_progress",
      workflow_run: { id: 67, status: "in_progress", conclusion: null, head_sha: "a".repeat(40) },
      repository: { full_name: "me/app" },
    });
  });
});

describe("a kind of ours on both sides", () => {
  it.each([
    ["jobserv", "UseSomethingGoodHere"],
    ["standard-webhooks", WHSEC],
    ["github", "a secret for github"],
  ])("what the endpoint %s sends, the source of that name takes, and nothing else", (kind, secret) => {
    const { body, headers } = sent(anEndpoint({ kind, secrets: [secret] }));
    const source = exampleSource(kind, [secret]);
    const request = { headers, body: Buffer.from(body) };
    expect(source?.authenticate(request, NOW)).toMatchObject({ ok: true });
    expect(source?.describe(request)).toMatchObject({ ok: true, event: { source: kind } });
    expect(source?.authenticate({ headers, body: Buffer.from(`${body} `) }, NOW)).toMatchObject({
      ok: false,
    });
  });
});

describe("a header with room for one signature", () => {
  it.each(["jobserv", "github", "generic", "ntfy"])("has two live secrets take turns: %s", (kind) => {
    const endpoint = anEndpoint({
      kind,
      secrets: ["new-secret", "old-secret"],
      url: "https://ntfy.sh/topic",
    });
    const alone = (secret: string) =>
      sent(anEndpoint({ kind, secrets: [secret], url: "https://ntfy.sh/topic" })).headers;
    expect([1, 2, 3].map((attempt) => sent(endpoint, aNotice(), attempt).headers)).toEqual([
      alone("new-secret"),
      alone("old-secret"),
      alone("new-secret"),
    ]);
  });
});

const FAILED = aNotice({
  type: "task.failed",
  task: aTask({ state: "CANCELLED", outcome: "failed", reason: "<!channel> *exited* with 1 & more" }),
});
const PAGE = "https://hooks.example.com/jobserv/projects/deploy/builds/67";

describe("kinds that people read", () => {
  it("slack: what a command printed can call nobody", () => {
    const { body } = sent(anEndpoint({ kind: "slack" }), FAILED);
    expect(JSON.parse(body)).toEqual({
      text: `:x: *deploy failed* (<${PAGE}|details>)\n&lt;!channel&gt; *exited* with 1 &amp; more`,
    });
  });

  it("discord: an embed, with mentions off", () => {
    const { body } = sent(anEndpoint({ kind: "discord" }), FAILED);
    expect(JSON.parse(body)).toEqual({
      embeds: [
        {
          title: "deploy failed",
          description: "<!channel\\> \\*exited\\* with 1 & more",
          url: PAGE,
          color: 0xd1242f,
          timestamp: FAILED.at,
        },
      ],
      allowed_mentions: { parse: [] },
    });
  });

  it("teams: an adaptive card", () => {
    const { body } = sent(anEndpoint({ kind: "teams" }), FAILED);
    expect(JSON.parse(body)).toMatchObject({
      type: "message",
      attachments: [
        {
          contentType: "application/vnd.microsoft.card.adaptive",
          content: {
            type: "AdaptiveCard",
            body: [
              { text: "deploy failed", color: "attention" },
              { text: "<!channel> \\*exited\\* with 1 & more" },
            ],
            actions: [{ type: "Action.OpenUrl", url: PAGE }],
          },
        },
      ],
    });
  });

  it("ntfy: as JSON to the server's root, the topic from the URL", () => {
    const endpoint = anEndpoint({
      kind: "ntfy",
      url: "https://ntfy.example.com/base/my-topic",
      secrets: ["tk_x"],
    });
    expect(endpoint.target).toBe("https://ntfy.example.com/base/");
    const { body, headers } = sent(endpoint, FAILED);
    expect(headers["authorization"]).toBe("Bearer tk_x");
    expect(JSON.parse(body)).toMatchObject({
      topic: "my-topic",
      title: "deploy failed",
      priority: 4,
      tags: ["x"],
      click: PAGE,
    });
  });

  it.each(["slack", "discord", "teams"])("%s: the URL, which is the secret, is not shown", (kind) => {
    expect(anEndpoint({ kind, url: "https://hooks.example.com/T0/B0/xyz" }).shownUrl).toBe(
      "https://hooks.example.com/…",
    );
  });
});

describe("generic", () => {
  const template = {
    text: "${{ task.action }}: ${{ notice.title }}",
    number: 1,
    list: ["${{ correlation.ticket }}", null],
  };

  it("fills a template, as JSON whatever the values hold", () => {
    const notice = aNotice({ task: aTask({ action: 'say "hi"', correlation: { ticket: "a\nb" } }) });
    const { body, headers } = sent(anEndpoint({ options: { template }, secrets: ["s"] }), notice);
    expect(JSON.parse(body)).toEqual({
      text: 'say "hi": say "hi" succeeded',
      number: 1,
      list: ["a\nb", null],
    });
    expect(headers).toEqual({
      "content-type": "application/json",
      "x-signature-256": matching(/^sha256=[0-9a-f]{64}$/),
    });
  });

  it("sends a text as it is, and headers of one line", () => {
    const options = {
      template: "${{ notice.type }}",
      headers: { "X-Ticket": "${{ correlation.ticket }}" },
      method: "PUT",
    };
    const endpoint = anEndpoint({ options });
    const { body, headers } = sent(
      endpoint,
      aNotice({ task: aTask({ correlation: { ticket: "a\r\nb: c" } }) }),
    );
    expect([endpoint.method, body]).toEqual(["PUT", "task.completed"]);
    expect(headers).toEqual({ "content-type": "text/plain; charset=utf-8", "x-ticket": "a b: c" });
  });
});
