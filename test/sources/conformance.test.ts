import { describe, expect, it } from "vitest";
import { sourceKinds } from "../../src/sources/registry.ts";
import type { AuthResult, BoundSource } from "../../src/sources/source.ts";
import { bind } from "./fixtures/bind.ts";
import { PUSH, type Sender, type Sent, type Wanted } from "./fixtures/sender.ts";
import { SENDERS } from "./fixtures/senders.ts";
import { containing, matching } from "../support/like.ts";

const NOW = new Date("2026-03-01T12:00:00Z");

/** Headers that no kind may ever store. */
const SECRET_HEADERS = new Set([
  ...SENDERS.map(({ header }) => header),
  "authorization",
  "proxy-authorization",
  "cookie",
  "x-hub-signature",
  "x-gitlab-token",
]);

it("has a sender for every kind of the registry", () => {
  expect([...new Set(SENDERS.map(({ kind }) => kind))].toSorted()).toEqual(
    [...sourceKinds.keys()].toSorted(),
  );
});

/** A source with two live secrets, and what its sender sends with the first. */
function liveSource(sender: Sender) {
  const [live, older] = sender.secrets;
  const source = bind({ ...sender, secrets: [live, older] });
  const send = (wanted: Partial<Wanted> = {}): Sent => sender.send({ secret: live, now: NOW, ...wanted });
  return { source, send };
}

const IN_HEADER = SENDERS.filter(({ proof }) => proof === "signature" || proof === "token");
const SIGNING = SENDERS.filter(({ proof }) => proof === "signature");

describe.each(SENDERS)("$title", (sender) => {
  const [live, older, dead] = sender.secrets;
  const { source, send } = liveSource(sender);

  describe("passes", () => {
    it("what it should, and knows it again", () => {
      const first = source.authenticate(send({ id: "one" }), NOW);
      expect(first).toEqual({ ok: true, fingerprint: matching(/^[\w-]{20,}$/) });
      expect(source.authenticate(send({ id: "one" }), NOW)).toEqual(first);
    });

    it("each live secret, and none that was taken out", () => {
      expect(codeOf(source.authenticate(send({ secret: older }), NOW))).toBe("ok");
      expect(codeOf(bind({ ...sender, secrets: [live] }).authenticate(send({ secret: older }), NOW))).toBe(
        "signature:invalid",
      );
      expect(codeOf(source.authenticate(send({ secret: dead }), NOW))).toBe("signature:invalid");
    });

    it("a form, by the bytes that its sender signs", () => {
      expect(codeOf(source.authenticate(send({ form: true }), NOW))).toBe("ok");
    });

    it("an empty body only if it carries the proof", () => {
      const result = codeOf(source.authenticate({ ...send(), body: Buffer.alloc(0) }, NOW));
      const expected = { signature: "signature:invalid", token: "ok", body: "signature:missing", path: "ok" };
      expect(result).toBe(expected[sender.proof]);
    });

    it("nothing signed with the empty secret", () => {
      const naive = bind({ ...sender, secrets: [""] });
      expect(codeOf(naive.authenticate(send({ secret: "" }), NOW))).toMatch(/^signature:(missing|invalid)$/);
    });
  });

  describe("without secrets", () => {
    const bare = (): Sent => ({ ...without(send()), body: Buffer.from(PUSH) });

    it("refuses all, unless the settings say unsafe_no_auth", () => {
      expect(codeOf(bind({ ...sender, secrets: [] }).authenticate(bare(), NOW))).toBe("signature:missing");
      expect(codeOf(bind({ ...sender, secrets: [] }).authenticate(send(), NOW))).toBe("signature:invalid");
      expect(codeOf(bind({ ...sender, secrets: [], unsafeNoAuth: true }).authenticate(bare(), NOW))).toBe(
        "ok",
      );
    });

    it("does not heed unsafe_no_auth as long as there is a secret", () => {
      expect(codeOf(bind({ ...sender, secrets: [live], unsafeNoAuth: true }).authenticate(bare(), NOW))).toBe(
        "signature:missing",
      );
    });
  });

  it("never tells the secret when it refuses", () => {
    const result = source.authenticate(send({ secret: dead }), NOW);
    for (const secret of sender.secrets) expect(JSON.stringify(result)).not.toContain(secret);
  });

  describe("names", () => {
    it("the delivery as its sender does, and none when there is no id", () => {
      const sent = send({ id: "delivery-1" });
      expect(source.senderId(sent)).toBe(sender.idHeader === null ? null : "delivery-1");
      expect(source.senderId({ ...sent, headers: blank(sent.headers, "") })).toBeNull();
      expect(source.senderId({ ...sent, headers: {} })).toBeNull();
    });

    it("the event as its sender does", () => {
      const sent = send({ event: "some_event" });
      const fallback = sender.fallbackEvent ?? "unknown";
      expect(source.eventName(sent)).toBe(sender.eventHeader === null ? fallback : "some_event");
      expect(source.eventName({ headers: blank(sent.headers, "") })).toBe(fallback);
      expect(source.eventName({ headers: {} })).toBe(fallback);
    });
  });

  it("stores no header that carries a secret or a signature", () => {
    expect(
      source.keptHeaders.filter((name) => SECRET_HEADERS.has(name) || /signature|token/.test(name)),
    ).toEqual([]);
    expect(source.keptHeaders).toEqual(source.keptHeaders.map((name) => name.toLowerCase()));
  });

  it("describes a stored delivery as it did the request", () => {
    for (const form of [false, true]) {
      const sent = send({ form });
      const described = source.describe(sent);
      expect(described).toMatchObject({ ok: true, event: { kind: sender.kind, source: "app" } });
      expect(source.describe({ body: sent.body, headers: stored(source, sent) })).toEqual(described);
      expect(source.eventName({ headers: stored(source, sent) })).toBe(source.eventName(sent));
    }
  });

  it.each([
    ["nothing", "", /empty/],
    ["blanks", " \n ", /empty/],
    ["no JSON", "{", /not valid JSON/],
    ["two values", "{} {}", /not valid JSON/],
    ["JSON too deep", "[".repeat(200) + "]".repeat(200), /nested deeper than 128/],
  ])("says what is wrong with a body of %s", (_title, json, reason) => {
    const described = source.describe({ ...send(), body: Buffer.from(json) });
    expect(described).toEqual({ ok: false, reason: matching(reason) });
  });

  it("says what is wrong with bytes that are no text, and with a form without its field", () => {
    expect(source.describe({ ...send(), body: Buffer.from([0x22, 0xff, 0x22]) })).toEqual({
      ok: false,
      reason: "The body is not UTF-8",
    });
    const form = send({ form: true });
    expect(source.describe({ ...form, body: Buffer.from("other=1") })).toEqual({
      ok: false,
      reason: "The form has no field payload",
    });
  });

  it.each(["null", "1", '"text"', "[]", "[null]", "{}", '{"ref":{}}', '{"commits":{"length":3}}'])(
    "describes %s without failing, or says what it takes instead",
    (json) => {
      expect(source.describe({ ...send(), body: Buffer.from(json) })).toMatchObject(
        sender.onlyJson === undefined ? { ok: true } : { ok: false, reason: matching(/neither|none of/) },
      );
    },
  );
});

describe.each(IN_HEADER)("$title refuses a header that", (sender) => {
  const { source, send } = liveSource(sender);
  const proof = send().headers[sender.header] ?? "";
  const withProof = (value: string): Sent => ({
    ...send(),
    headers: { ...send().headers, [sender.header]: value },
  });

  it.each([
    ["is empty", "", "signature:missing"],
    ["has its prefix alone", sender.prefix.trim(), emptyCode(sender)],
    ["is cut by one character", proof.slice(0, -1), "signature:invalid"],
    ["is cut to half", proof.slice(0, sender.prefix.length + 20), "signature:invalid"],
    ["has one character more", `${proof}0`, "signature:invalid"],
    ["came twice", `${proof}, ${proof}`, "signature:invalid"],
    ["came twice, first wrong", `${flipFirst(proof, sender)}, ${proof}`, "signature:invalid"],
    ["has another prefix", `md5=${proof.slice(sender.prefix.length)}`, "signature:invalid"],
    ["differs in its first character", flipFirst(proof, sender), "signature:invalid"],
    ["is no such thing", "%%%%", "signature:invalid"],
  ])("%s", (_title, value, code) => {
    expect(codeOf(source.authenticate(withProof(value), NOW))).toBe(code);
  });

  it("is not there", () => {
    const result = source.authenticate(without(send()), NOW);
    expect(result).toEqual({
      ok: false,
      code: "signature:missing",
      explanation: containing("missing or empty"),
    });
  });

  it("is there in another case only if hex", () => {
    const upper = sender.prefix + proof.slice(sender.prefix.length).toUpperCase();
    expect(codeOf(source.authenticate(withProof(upper), NOW))).toBe(
      sender.encoding === "hex" ? "ok" : "signature:invalid",
    );
  });
});

describe.each(SIGNING)("$title", (sender) => {
  const { source, send } = liveSource(sender);
  it.each([
    ["one byte more", (body: Buffer) => Buffer.concat([body, Buffer.from(" ")])],
    ["one byte less", (body: Buffer) => body.subarray(0, -1)],
    ["another line ending", (body: Buffer) => Buffer.from(`${body.toString()}\r\n`)],
    [
      "the same JSON written otherwise",
      (body: Buffer) => Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 1)),
    ],
  ])("refuses %s", (_title, change) => {
    const sent = send();
    expect(codeOf(source.authenticate({ ...sent, body: change(sent.body) }, NOW))).toBe("signature:invalid");
  });

  it("refuses another algorithm's digest", () => {
    const sent = send();
    const other = sender.otherAlgorithm?.({ secret: sender.secrets[0], now: NOW }) ?? "";
    expect(other).toMatch(/\w{20}/);
    const headers = { ...sent.headers, [sender.header]: other };
    expect(codeOf(source.authenticate({ ...sent, headers }, NOW))).toBe("signature:invalid");
  });

  it("refuses a form that is signed over the other bytes", () => {
    const form = send({ form: true });
    const signedJson = send();
    // Gitea's family signs the decoded field: its raw bytes, signed, must not pass; for the others the reverse.
    const wrong =
      sender.formSigned === "raw"
        ? { ...form, headers: { ...form.headers, [sender.header]: signedJson.headers[sender.header] ?? "" } }
        : rawSigned(form, sender);
    expect(codeOf(source.authenticate(wrong, NOW))).toBe("signature:invalid");
  });
});

const codeOf = (result: AuthResult): string => (result.ok ? "ok" : result.code);

/** A prefix alone is an empty proof; without one the header is just empty. `Bearer` and `v1,` are words of their own. */
const emptyCode = ({ prefix, proof }: Sender): string =>
  prefix === "" || proof === "token" || /[=:]$/.test(prefix) ? "signature:missing" : "signature:invalid";

/** Without any proof: Forgejo repeats its signature in the headers of its ancestors. */
function without(sent: Sent): Sent {
  const names = Object.keys(sent.headers).filter((name) => !/sig|token|authorization/.test(name));
  const headers = Object.fromEntries(names.map((name) => [name, sent.headers[name] ?? ""]));
  return { ...sent, headers, pathSecret: null };
}

const blank = (headers: Record<string, string>, value: string): Record<string, string> =>
  Object.fromEntries(Object.keys(headers).map((name) => [name, value]));

/** The proof with its first character after the prefix changed. */
function flipFirst(proof: string, { prefix }: Sender): string {
  const at = prefix.length;
  return proof.slice(0, at) + (proof[at] === "0" ? "1" : "0") + proof.slice(at + 1);
}

/** A form signed over its raw bytes, as GitHub would. */
function rawSigned(form: Sent, sender: Sender): Sent {
  const raw = sender.send({ secret: sender.secrets[0], json: form.body.toString(), now: NOW });
  return { ...form, headers: { ...form.headers, [sender.header]: raw.headers[sender.header] ?? "" } };
}

/** What the store keeps of a request's headers. */
function stored(source: BoundSource, { headers }: Sent): Record<string, string> {
  const names = new Set(["content-type", ...source.keptHeaders]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.has(name)));
}
