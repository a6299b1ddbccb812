import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { bind } from "./fixtures/bind.ts";
import { eventOf } from "./fixtures/event-of.ts";
import { build } from "./fixtures/jobserv.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const SECRET = "UseSomethingGoodHere";

const check = (signature: string, body: string, secret = SECRET) =>
  bind({ kind: "jobserv", secrets: [secret] }).authenticate(
    { headers: { "x-jobserv-sig": signature }, body: Buffer.from(body) },
    NOW,
  );
const sign = (body: string, secret = SECRET): string =>
  `sha256:${createHmac("sha256", secret).update(body).digest("hex")}`;

describe("who a JobServ request is from", () => {
  const body = '{"build_id": 67, "status": "PASSED"}';
  const signature = "sha256:29dc7e2cc7742171dd72e3cb1e8647a009121a9b4b5835cdc743bead2b23fc9a";

  it("is told by its signature, made by JobServ's own code", () => {
    expect(check(signature, body)).toMatchObject({ ok: true });
    expect(check(signature, body.replace(", ", ","))).toMatchObject({ code: "signature:invalid" });
  });

  it.each(["\n", "\r\n", " \t\n"])("does not depend on what echo leaves after the secret: %j", (blanks) => {
    expect(check(signature, body, `${SECRET}${blanks}`)).toMatchObject({ ok: true });
  });

  it("is nobody where the secret is only blanks", () => {
    expect(check(sign(body, ""), body, " \n")).toMatchObject({ code: "signature:invalid" });
  });

  it.each([
    signature.replace("sha256:", "sha256="),
    signature.replace("sha256:", "sha256: "),
    signature.slice(7),
  ])("is not told by %s", (other) => {
    expect(check(other, body)).toMatchObject({ ok: false, code: "signature:invalid" });
  });
});

describe("a build", () => {
  it("is described", () => {
    expect(eventOf({ kind: "jobserv", payload: build })).toMatchObject({
      kind: "jobserv",
      name: "build",
      senderName: "build",
      repository: "andy-corp/lmp",
      status: "PASSED",
      branch: null,
      commit: null,
      payload: build,
    });
  });

  it.each([
    ["https://api.example/projects/lmp/builds/1/", "lmp"],
    ["https://api.example/projects/a/b/c/builds/12", "a/b/c"],
    ["https://api.example/other/1/", null],
    ["https://api.example/projects/lmp/builds/1/runs/x/", null],
    [7, null],
  ])("at %s is of %s", (url, repository) => {
    expect(eventOf({ kind: "jobserv", payload: { ...build, url } }).repository).toBe(repository);
  });

  it("is known again by its address and status, whatever else is said of it", () => {
    const fingerprintOf = (payload: object) => {
      const body = JSON.stringify(payload);
      const result = check(sign(body), body);
      return result.ok ? result.fingerprint : result.code;
    };
    const first = fingerprintOf(build);
    expect(fingerprintOf({ ...build, runs: [], completed: "later" })).toBe(first);
    const others = [
      { ...build, status: "FAILED" },
      { ...build, url: build.url.replace("67", "68") },
      { ...build, status: "" },
      { status: "PASSED" },
    ].map((each) => fingerprintOf(each));
    expect(new Set([first, ...others]).size).toBe(5);
  });
});
