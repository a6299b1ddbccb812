import { describe, expect, it } from "vitest";
import { sourceKinds } from "../../src/sources/registry.ts";
import { bind } from "./fixtures/bind.ts";
import { eventOf } from "./fixtures/event-of.ts";

const NOW = new Date("2026-03-01T12:00:00Z");

/** The shape that https://docs.docker.com/docker-hub/repos/manage/webhooks/ shows. */
const payload = {
  callback_url: "https://registry.hub.docker.com/u/acme/web/hook/2141b5bi5i5b02bec211i4eeih0242eg11000a/",
  push_data: { pushed_at: 1_417_566_161, pusher: "trustedbuilder", tag: "v1.2", images: [] },
  repository: {
    comment_count: 0,
    date_created: 1_417_494_799,
    description: "",
    is_official: false,
    is_private: true,
    is_trusted: true,
    name: "web",
    namespace: "acme",
    owner: "acme",
    repo_name: "acme/web",
    repo_url: "https://registry.hub.docker.com/u/acme/web/",
    star_count: 0,
    status: "Active",
  },
};

it("an image is described", () => {
  expect(eventOf({ kind: "dockerhub", payload })).toMatchObject({
    kind: "dockerhub",
    name: "image",
    senderName: "image",
    repository: "acme/web",
    tag: "v1.2",
    ref: null,
    branch: null,
    sender: "trustedbuilder",
    payload,
  });
});

describe("who it is from", () => {
  it.each([
    ["secret", "ok"],
    ["secre", "signature:invalid"],
    ["secrett", "signature:invalid"],
    ["SECRET", "signature:invalid"],
    ["secret%20", "signature:invalid"],
    ["", "signature:missing"],
    [null, "signature:missing"],
  ])("is told by the end of the path: %s", (pathSecret, code) => {
    const request = { headers: { authorization: "Bearer secret" }, body: Buffer.from("{}"), pathSecret };
    const result = bind({ kind: "dockerhub" }).authenticate(request, NOW);
    expect(result.ok ? "ok" : result.code).toBe(code);
  });

  it("can't be a secret that a URL would change", () => {
    const problem = sourceKinds.get("dockerhub")?.secretProblem;
    expect(problem?.("a/b")).toMatch(/stands in a URL/);
    expect(problem?.("ünsafe")).toMatch(/stands in a URL/);
    expect(problem?.("0af3-._~Z")).toBeNull();
  });
});

describe("a callback", () => {
  const describeWith = (callback_url: unknown, options = {}) =>
    bind({ kind: "dockerhub", options }).describe({
      headers: {},
      body: Buffer.from(JSON.stringify({ ...payload, callback_url })),
    }).ok;

  it.each([
    [null, true],
    ["https://registry.hub.docker.com/u/x", true],
    ["http://registry.hub.docker.com/u/x", false],
    ["https://registry.hub.docker.com:8443/", false],
    ["https://registry.hub.docker.com@evil.example/", false],
    ["https://me:x@registry.hub.docker.com/", false],
    ["https://registry.hub.docker.com.evil.example/", false],
    ["https://169.254.169.254/", false],
    ["file:///etc/passwd", false],
    ["no URL", false],
    ["", false],
    [7, false],
  ])("to %s: taken %s", (callback, taken) => expect(describeWith(callback)).toBe(taken));

  it("may go to the hosts of the settings", () => {
    const options = { callback_hosts: ["hub.example"] };
    expect(describeWith("https://hub.example/x", options)).toBe(true);
    expect(describeWith("https://registry.hub.docker.com/x", options)).toBe(false);
  });
});
