import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bind } from "./fixtures/bind.ts";
import { type Sender, type Sent } from "./fixtures/sender.ts";
import { SENDERS } from "./fixtures/senders.ts";
import { matching } from "../support/like.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const SIGNING = SENDERS.filter(({ proof }) => proof === "signature");

const sourceOf = (sender: Sender) => bind({ ...sender, secrets: sender.secrets.slice(0, 2) });
const sentBy = (sender: Sender, json: string, form: boolean): Sent =>
  sender.send({ secret: sender.secrets[0], json, form, now: NOW });

/** JSON of any shape, also with keys that mean something to JavaScript. */
const json = fc
  .dictionary(
    fc.oneof(
      fc.string(),
      fc.constantFrom("__proto__", "constructor", "toString", "ref", "repository", "commits"),
    ),
    fc.jsonValue({ maxDepth: 4 }),
  )
  .map((value) => JSON.stringify(value));

describe.each(SIGNING)("$title", (sender) => {
  const source = sourceOf(sender);

  it("passes whatever was signed", () => {
    fc.assert(
      fc.property(json, fc.boolean(), (text, form) => {
        expect(source.authenticate(sentBy(sender, text, form), NOW)).toMatchObject({ ok: true });
      }),
    );
  });

  it("refuses a body of which a bit was flipped", () => {
    fc.assert(
      fc.property(json, fc.nat(), (text, position) => {
        const sent = sentBy(sender, text, false);
        const body = Buffer.from(sent.body);
        flip(body, position);
        expect(source.authenticate({ ...sent, body }, NOW)).toMatchObject({ code: "signature:invalid" });
      }),
    );
  });

  it("refuses a signature of which a bit was flipped", () => {
    fc.assert(
      fc.property(json, fc.nat(), (text, position) => {
        const sent = sentBy(sender, text, false);
        const proof = Buffer.from(sent.headers[sender.header] ?? "");
        const flipped = Buffer.from(proof);
        flip(flipped, position);
        const headers = { ...sent.headers, [sender.header]: flipped.toString("latin1") };
        const same = sender.encoding === "hex" && sameDigits(proof, flipped, sender.prefix.length);
        expect(source.authenticate({ ...sent, headers }, NOW).ok).toBe(same);
      }),
      { numRuns: 500 },
    );
  });

  it("refuses whatever another secret signs", () => {
    fc.assert(
      fc.property(json, fc.boolean(), (text, form) => {
        const sent = sender.send({ secret: sender.secrets[2], json: text, form, now: NOW });
        expect(source.authenticate(sent, NOW)).toMatchObject({ code: "signature:invalid" });
      }),
    );
  });
});

/** Headers that a kind reads, with anything in them. */
const headersFor = (sender: Sender) => {
  const names = [
    ...new Set([
      ...sourceOf(sender).keptHeaders,
      sender.header,
      "content-type",
      "webhook-id",
      "webhook-timestamp",
      "webhook-signature",
      "x-gitlab-event",
    ]),
  ];
  const value = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "",
      "push",
      "constructor",
      "__proto__",
      "toString",
      "hasOwnProperty",
      "sha256=",
      "v1,",
      "application/x-www-form-urlencoded",
    ),
  );
  return fc.dictionary(fc.constantFrom(...names), value);
};

const anyBody = fc.oneof(
  json.map((text) => Buffer.from(text)),
  json.map((text) => Buffer.from(new URLSearchParams({ payload: text }).toString())),
  fc.json().map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);

describe.each(SENDERS)("$title, given any headers and body,", (sender) => {
  const source = sourceOf(sender);

  it("never throws, and never passes what carries no proof", () => {
    fc.assert(
      fc.property(headersFor(sender), anyBody, (headers, body) => {
        const request = { headers, body };
        expect(source.authenticate(request, NOW).ok).toBe(false);
        expect(source.senderId(request)).not.toBe("");
        expect(source.eventName(request)).not.toBe("");
        const described = source.describe(request);
        expect(described).toMatchObject(
          described.ok ? { event: { source: "app", kind: sender.kind } } : { reason: matching(/\w/) },
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe("keys that mean something to JavaScript", () => {
  const EVENTS = ["constructor", "__proto__", "toString", "valueOf", "hasOwnProperty", "__defineGetter__"];
  const POISON = `{"__proto__":{"polluted":true,"ref":"refs/heads/main"},"constructor":{"prototype":{"polluted":true}},
    "source":"other","name":"push","branch":"main","object_kind":"constructor"}`;

  it.each(SENDERS.flatMap((sender) => EVENTS.map((event) => ({ sender, event, title: sender.title }))))(
    "$title: an event named $event changes nothing",
    ({ sender, event }) => {
      const source = sourceOf(sender);
      const described = source.describe(sender.send({ secret: "x", json: POISON, event, now: NOW }));
      if (sender.onlyJson !== undefined) return expect(described.ok).toBe(false);
      expect(described).toMatchObject({
        ok: true,
        event: {
          source: "app",
          kind: sender.kind,
          name: sender.onlyName ?? "other",
          branch: null,
          ref: null,
          repository: null,
        },
      });
      expect(Object.getPrototypeOf({})).not.toHaveProperty("polluted");
      expect({}).not.toHaveProperty("polluted");
    },
  );
});

/** Flips the bit at `position`, counted round and round. */
function flip(bytes: Buffer, position: number): void {
  const at = Math.floor(position / 8) % bytes.length;
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (position % 8));
}

/** Hex is the same in either case, but not its prefix. */
function sameDigits(first: Buffer, second: Buffer, start: number): boolean {
  const split = (text: string): readonly [string, string] => [
    text.slice(0, start),
    text.slice(start).toLowerCase(),
  ];
  const [one, other] = [split(first.toString("latin1")), split(second.toString("latin1"))];
  return one[0] === other[0] && one[1] === other[1];
}
