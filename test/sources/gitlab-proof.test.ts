import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { bind } from "./fixtures/bind.ts";

/** The example of https://www.standardwebhooks.com. */
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SENT_S = 1_614_265_330;
const SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const BODY = Buffer.from('{"test": 2432232314}');
const NOW = new Date(SENT_S * 1_000);

interface SignedRequest {
  readonly signature?: string;
  readonly id?: string;
  readonly timestamp?: string;
  readonly more?: Record<string, string>;
}

const signed = ({
  signature = SIGNATURE,
  id = ID,
  timestamp = String(SENT_S),
  more = {},
}: SignedRequest) => ({
  body: BODY,
  headers: { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature, ...more },
});

const check = (request: SignedRequest = {}, { secrets = [SECRET], now = NOW } = {}): string => {
  const result = bind({ kind: "gitlab", secrets }).authenticate(signed(request), now);
  return result.ok ? "ok" : result.code;
};

const signWith = (key: Buffer, { id = ID, timestamp = String(SENT_S) } = {}): string =>
  `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.`).update(BODY).digest("base64")}`;

describe("a signing token (Standard Webhooks)", () => {
  it("passes the published example", () => expect(check()).toBe("ok"));

  it.each([
    ["another id", { id: "msg_other" }],
    ["another time", { timestamp: String(SENT_S + 1) }],
    ["another body", { signature: signWith(Buffer.from("x".repeat(24))) }],
    ["an ed25519 signature", { signature: SIGNATURE.replace("v1,", "v1a,") }],
    ["another version", { signature: SIGNATURE.replace("v1,", "v2,") }],
    ["no version", { signature: SIGNATURE.replace("v1,", "") }],
    [
      "hex in place of base64",
      { signature: `v1,${Buffer.from(SIGNATURE.slice(3), "base64").toString("hex")}` },
    ],
    ["base64 with bits left over", { signature: SIGNATURE.replace("OE=", "OF=") }],
    ["no padding", { signature: SIGNATURE.replace("=", "") }],
    ["a header that came twice", { signature: `${SIGNATURE}, ${SIGNATURE}` }],
  ])("refuses %s", (_title, request) => expect(check(request)).toBe("signature:invalid"));

  it("passes any one of several signatures, and passes over the versions it does not know", () => {
    const wrong = signWith(Buffer.from("another-key-of-24-bytes-"));
    const ed25519 = `v1a,${Buffer.alloc(64, 7).toString("base64")}`;
    expect(check({ signature: `${wrong} ${SIGNATURE}` })).toBe("ok");
    expect(check({ signature: `${ed25519} ${wrong} ${SIGNATURE}` })).toBe("ok");
    expect(check({ signature: `${ed25519} ${wrong}` })).toBe("signature:invalid");
    expect(check({ signature: `${SIGNATURE} nonsense` })).toBe("signature:invalid");
  });

  it.each([
    [-301, "signature:expired"],
    [-300, "ok"],
    [300, "ok"],
    [301, "signature:expired"],
  ])("takes it %d s away from our time: %s", (seconds, expected) => {
    expect(check({}, { secrets: [SECRET], now: new Date((SENT_S + seconds) * 1_000) })).toBe(expected);
  });

  it.each(["-1", "1e9", "Infinity", "0x60381d72", "now", "1614265330.5"])(
    "takes %s for no time, though it is signed",
    (timestamp) => {
      const key = Buffer.from(SECRET.slice(6), "base64");
      expect(check({ timestamp, signature: signWith(key, { timestamp }) })).toBe("signature:expired");
    },
  );

  it("says nothing about the time to who has no key", () => {
    const now = new Date((SENT_S + 3_600) * 1_000);
    expect(check({ signature: signWith(Buffer.alloc(32)) }, { secrets: [SECRET], now })).toBe(
      "signature:invalid",
    );
  });

  it.each(["webhook-id", "webhook-timestamp", "webhook-signature"])("needs the header %s", (name) => {
    expect(check({ more: { [name]: "" } })).toBe("signature:missing");
  });

  it.each([
    ["empty", "whsec_", Buffer.alloc(0)],
    ["no base64", "whsec_!!!!", Buffer.alloc(0)],
    ["base64 with a stray character", `whsec_!${SECRET.slice(6)}`, Buffer.from(SECRET.slice(6), "base64")],
    ["too short", `whsec_${Buffer.alloc(23, 1).toString("base64")}`, Buffer.alloc(23, 1)],
    ["too long", `whsec_${Buffer.alloc(65, 1).toString("base64")}`, Buffer.alloc(65, 1)],
  ])("never matches a key that is %s", (_title, secret, key) => {
    expect(check({ signature: signWith(key) }, { secrets: [secret], now: NOW })).toBe("signature:invalid");
  });

  it("takes a key with a newline after it", () => {
    expect(check({}, { secrets: [`${SECRET}\n`], now: NOW })).toBe("ok");
  });

  it("is not fallen back from: a wrong signature beside the right token fails", () => {
    const more = { "x-gitlab-token": "the-plain-token" };
    const secrets = [SECRET, "the-plain-token"];
    expect(check({ more }, { secrets, now: NOW })).toBe("ok");
    expect(check({ more, signature: signWith(Buffer.alloc(32)) }, { secrets, now: NOW })).toBe(
      "signature:invalid",
    );
    expect(check({ more, signature: "" }, { secrets, now: NOW })).toBe("signature:missing");
  });

  it("is no token itself", () => {
    const request = { body: BODY, headers: { "x-gitlab-token": SECRET } };
    expect(bind({ kind: "gitlab", secrets: [SECRET] }).authenticate(request, NOW)).toMatchObject({
      code: "signature:invalid",
    });
  });

  it("hashes a body once for each key, however many signatures are listed", () => {
    const body = Buffer.alloc(8 * 1024 * 1024, "x");
    const source = bind({ kind: "gitlab", secrets: [SECRET] });
    const took = (count: number): number => {
      const list = Array.from({ length: count }, (_, index) => signWith(Buffer.alloc(32, index)));
      const request = { ...signed({ signature: list.join(" ") }), body };
      const started = performance.now();
      expect(source.authenticate(request, NOW)).toMatchObject({ code: "signature:invalid" });
      return performance.now() - started;
    };
    // Hashing anew for each would make it 300 times as long.
    expect(took(300)).toBeLessThan(50 * took(1));
  });
});

describe("a secret token", () => {
  const passes = (token: string, secret: string) =>
    bind({ kind: "gitlab", secrets: [secret] }).authenticate(
      { body: BODY, headers: { "x-gitlab-token": token } },
      NOW,
    ).ok;

  it("is compared as GitLab sends it: without line breaks", () => {
    expect(passes("a-secret-token", "a-secret-token\n")).toBe(true);
    expect(passes("a-secret-token", "a-secret\r\n-token\n")).toBe(true);
    expect(passes("a-secret-token\n", "a-secret-token")).toBe(false);
    expect(passes("", "\n")).toBe(false);
  });

  it("may have letters that node reads as Latin-1", () => {
    const asHeader = (text: string): string => Buffer.from(text).toString("latin1");
    expect(passes(asHeader("clé-très-secrète"), "clé-très-secrète")).toBe(true);
    expect(passes("clé-très-secrète", "clé-très-secrète")).toBe(false);
  });
});

describe("a delivery's id", () => {
  const idOf = (headers: Record<string, string>, body = BODY) =>
    bind({ kind: "gitlab" }).senderId({ headers, body });

  it("is webhook-id, else idempotency-key", () => {
    expect(idOf({ "webhook-id": "a", "idempotency-key": "b" })).toBe("a");
    expect(idOf({ "webhook-id": "", "idempotency-key": "b" })).toBe("b");
  });

  it("is the event's UUID with the body's digest in older GitLabs, for hooks that set off others share the UUID", () => {
    const headers = { "x-gitlab-event-uuid": "uuid" };
    expect(idOf(headers)).toMatch(/^uuid\/[0-9a-f]{32}$/);
    expect(idOf(headers)).toBe(idOf(headers));
    expect(idOf(headers)).not.toBe(idOf(headers, Buffer.from("{}")));
  });
});
