import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { sourceKinds } from "../../src/sources/registry.ts";
import { bind } from "./fixtures/bind.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const SENT_S = NOW.getTime() / 1_000;
const BODY = Buffer.from('{"a":1}');
const sign = (text: string): string => createHmac("sha256", "secret").update(text).digest("hex");

function check(headers: Record<string, string>, options: Record<string, unknown>, now = NOW): string {
  const result = bind({ kind: "generic", options }).authenticate({ headers, body: BODY }, now);
  return result.ok ? "ok" : result.code;
}

describe("what is signed", () => {
  /** As Slack does it. */
  const options = {
    header: "X-Sig",
    prefix: "v0=",
    signed: "v0:{timestamp}:{body}",
    timestamp_header: "X-Time",
  };
  const headers = { "x-time": String(SENT_S), "x-sig": `v0=${sign(`v0:${SENT_S}:{"a":1}`)}` };

  it("may hold the time", () => {
    expect(check(headers, options)).toBe("ok");
    expect(check({ ...headers, "x-time": String(SENT_S + 1) }, options)).toBe("signature:invalid");
    expect(check({ ...headers, "x-sig": `v0=${sign('{"a":1}')}` }, options)).toBe("signature:invalid");
    expect(check({ "x-sig": headers["x-sig"] }, options)).toBe("signature:missing");
  });

  it.each([
    [301, {}, "signature:expired"],
    [-300, {}, "ok"],
    [61, { window: "1m" }, "signature:expired"],
    [60, { window: "1m" }, "ok"],
  ])("counts %d s later with %j: %s", (seconds, more, code) => {
    const now = new Date(NOW.getTime() + seconds * 1_000);
    expect(check(headers, { ...options, ...more }, now)).toBe(code);
    expect(check({ ...headers, "x-sig": `v0=${sign("x")}` }, { ...options, ...more }, now)).toBe(
      "signature:invalid",
    );
  });

  it("may hold the id, and what stands around", () => {
    const withId = { id_header: "X-Id", signed: "<{body}|{id}>" };
    const signature = { "x-hub-signature-256": `sha256=${sign('<{"a":1}|one>')}` };
    expect(check({ ...signature, "x-id": "one" }, withId)).toBe("ok");
    expect(check({ ...signature, "x-id": "two" }, withId)).toBe("signature:invalid");
    expect(check(signature, withId)).toBe("signature:missing");
  });
});

describe("a signed date", () => {
  const DATE = "Sun 01 Mar 2026 12:00:00 UTC";
  /** As Scalr does it. */
  const options = {
    header: "X-Sig",
    prefix: "",
    signed: "{body}{timestamp}",
    timestamp_header: "Date",
    timestamp_format: "date",
  };
  const dated = (date: string) => ({ date, "x-sig": sign(`{"a":1}${date}`) });

  it.each([
    [DATE, "ok"],
    ["Sun, 01 Mar 2026 12:04:59 GMT", "ok"],
    ["Sun, 01 Mar 2026 12:05:01 GMT", "signature:expired"],
    ["Sun, 01 Mar 2026 11:54:59 GMT", "signature:expired"],
    ["Sun, 01 Mar 2026 12:00:00 +0100", "signature:expired"],
    ["2026-03-01T12:00:00Z", "signature:expired"],
    [String(SENT_S), "signature:expired"],
    ["Sun 99 Mar 2026 12:00:00 UTC", "signature:expired"],
    ["now", "signature:expired"],
  ])("of %s counts now: %s", (date, code) => {
    expect(check(dated(date), options)).toBe(code);
  });

  it("does not let its end be taken for the body's", () => {
    const { "x-sig": signature } = dated(DATE);
    const moved = bind({ kind: "generic", options }).authenticate(
      { headers: { date: DATE.slice(1), "x-sig": signature }, body: Buffer.from(`{"a":1}${DATE[0]}`) },
      NOW,
    );
    expect(moved).toMatchObject({ code: "signature:expired" });
  });
});

describe("HTTP Basic", () => {
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
  it.each([
    [basic("me:secret"), "ok"],
    [basic("me:other"), "signature:invalid"],
    [basic("you:secret"), "signature:invalid"],
    [{}, "signature:missing"],
    [{ "x-hub-signature-256": `sha256=${sign('{"a":1}')}` }, "signature:missing"],
  ])("%j: %s", (headers, code) => {
    expect(check({ ...headers }, { username: "me" })).toBe(code);
  });
});

describe("the settings refuse", () => {
  const time = { timestamp_header: "X-Time", signed: "{timestamp}.{body}" };
  it.each<[Record<string, unknown>, RegExp]>([
    [{ signed: "{timestamp}.{body}" }, /need each other/],
    [{ timestamp_header: "X-Time" }, /need each other/],
    [{ signed: "{id}.{body}" }, /needs an id_header/],
    [{ signed: "{id}", id_header: "X-Id" }, /\{body\} in it once/],
    [{ signed: "{body}{body}" }, /\{body\} in it once/],
    [{ ...time, signed: "{timestamp}{body}" }, /something between/],
    [{ ...time, signed: "{body}{timestamp}" }, /something between/],
    [{ ...time, signed: "{timestamp}{body}", timestamp_format: "date" }, /something between/],
    [{ signed: "{url}.{body}" }, /only \{id\}, \{timestamp\} and \{body\}/],
    [{ ...time, token_header: "X-Token" }, /nothing is signed/],
    [{ ...time, username: "me" }, /nothing is signed/],
    [{ username: "me", token_header: "X-Token" }, /exclude each other/],
    [{ username: "me", header: "X-Sig" }, /exclude each other/],
    [{ ...time, window: "1d" }, /at most 1h/],
  ])("%j", (options, message) => {
    const result = sourceKinds.get("generic")?.schema.safeParse(options);
    expect(result?.error?.issues.map((issue) => issue.message).join()).toMatch(message);
  });
});
