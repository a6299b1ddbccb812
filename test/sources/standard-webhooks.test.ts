import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { sourceKinds } from "../../src/sources/registry.ts";
import { bind } from "./fixtures/bind.ts";
import { eventOf } from "./fixtures/event-of.ts";

/** The example of https://www.standardwebhooks.com. */
const EXAMPLE = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SENT_S = 1_614_265_330;
const HMAC = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const BODY = Buffer.from('{"test": 2432232314}');
const NOW = new Date(SENT_S * 1_000);

function newPair() {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const signature = (id = ID): string =>
    `v1a,${sign(null, Buffer.concat([Buffer.from(`${id}.${SENT_S}.`), BODY]), privateKey).toString("base64")}`;
  return { key: `whpk_${raw.toString("base64")}`, signature };
}
const [pair, other] = [newPair(), newPair()];

interface CheckInput {
  readonly secrets?: readonly string[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly now?: Date;
}

function check(
  signature: string,
  { secrets = [EXAMPLE, pair.key], options = {}, now = NOW }: CheckInput = {},
) {
  const headers = { "webhook-id": ID, "webhook-timestamp": String(SENT_S), "webhook-signature": signature };
  const source = bind({ kind: "standard-webhooks", secrets, options });
  const result = source.authenticate({ headers, body: BODY }, now);
  return result.ok ? "ok" : result.code;
}

describe("a signature", () => {
  it.each([
    ["the published example", HMAC, "ok"],
    ["one by ed25519", pair.signature(), "ok"],
    ["one of another pair", other.signature(), "signature:invalid"],
    ["one over another id", pair.signature("msg_other"), "signature:invalid"],
    ["ed25519 that calls itself v1", pair.signature().replace("v1a,", "v1,"), "signature:invalid"],
    ["an HMAC that calls itself v1a", HMAC.replace("v1,", "v1a,"), "signature:invalid"],
    ["both, the HMAC wrong", `v1,${Buffer.alloc(32).toString("base64")} ${pair.signature()}`, "ok"],
    ["both, the ed25519 wrong", `${other.signature()} ${HMAC}`, "ok"],
    ["a zero signature", `v1a,${Buffer.alloc(64).toString("base64")}`, "signature:invalid"],
  ])("by %s", (_title, signature, code) => expect(check(signature)).toBe(code));

  it("never passes by the bytes of the public key as those of a secret", () => {
    expect(check(pair.signature(), { secrets: [pair.key.replace("whpk_", "whsec_")] })).toBe(
      "signature:invalid",
    );
  });

  it("is one of a few: checking each of many would cost too much", () => {
    const list = (count: number): string =>
      [...Array.from({ length: count - 1 }, () => other.signature()), pair.signature()].join(" ");
    expect(check(list(8))).toBe("ok");
    expect(check(list(9))).toBe("signature:invalid");
  });

  it.each([
    [-301, {}, "signature:expired"],
    [300, {}, "ok"],
    [31, { window: "30s" }, "signature:expired"],
    [-30, { window: "30s" }, "ok"],
    [3_600, { window: "1h" }, "ok"],
  ])("is taken %d s away from our time with %j: %s", (seconds, options, code) => {
    const now = new Date((SENT_S + seconds) * 1_000);
    expect(check(pair.signature(), { options, now })).toBe(code);
    expect(check(HMAC, { options, now })).toBe(code);
  });
});

describe("the settings refuse", () => {
  const kind = sourceKinds.get("standard-webhooks");
  it.each([
    "plain-secret-of-some-length",
    "whsk_AAAA",
    "whsec_AAAA",
    `whpk_${Buffer.alloc(31, 1).toString("base64")}`,
    `whpk_${Buffer.alloc(33, 1).toString("base64")}`,
    `whpk_!${Buffer.alloc(32, 1).toString("base64")}`,
  ])("the key %s", (secret) => expect(kind?.secretProblem?.(secret)).toMatch(/^expected/));

  it.each(["0s", "999ms", "2h", "5", "soon"])("the window %s", (window) => {
    expect(kind?.schema.safeParse({ window }).success).toBe(false);
  });

  it("nothing that is right", () => {
    for (const secret of [EXAMPLE, pair.key, `${pair.key}\n`])
      expect(kind?.secretProblem?.(secret)).toBeNull();
    expect(kind?.schema.safeParse({ window: "90s" }).success).toBe(true);
  });
});

describe("an event", () => {
  const payload = {
    type: "deployment.ready",
    timestamp: "2026-05-01T12:00:00Z",
    data: { branch: "main", sha: "abc" },
  };

  it("is named by the payload's type", () => {
    expect(eventOf({ kind: "standard-webhooks", payload })).toMatchObject({
      kind: "standard-webhooks",
      name: "other",
      senderName: "deployment.ready",
    });
    expect(eventOf({ kind: "standard-webhooks", payload: {} })).toMatchObject({ senderName: "webhook" });
  });

  it("is filled in by the settings", () => {
    const fields = {
      name: "'build'",
      branch: "payload.data.branch",
      commit: "payload.data.sha",
      sender: 'headers["webhook-id"]',
    };
    const headers = { "webhook-id": ID, "webhook-signature": HMAC };
    expect(eventOf({ kind: "standard-webhooks", options: { fields }, headers, payload })).toMatchObject({
      name: "build",
      branch: "main",
      commit: { sha: "abc" },
      sender: ID,
    });
    const leaking = { fields: { sender: 'headers["webhook-signature"]' } };
    expect(() => eventOf({ kind: "standard-webhooks", options: leaking, headers, payload })).toThrow(
      /fields.sender/,
    );
  });
});
