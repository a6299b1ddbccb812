import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { EVENT_NAMES, type HookEvent } from "../../src/domain/event.ts";
import { senders } from "../../src/senders/registry.ts";
import type { Facts, MadeRequest, Sample } from "../../src/senders/sender.ts";
import { sourceKinds } from "../../src/sources/registry.ts";
import { bind, optionsOf } from "../sources/fixtures/bind.ts";
import { including, matching } from "../support/like.ts";

const NOW = new Date("2026-03-01T12:00:00Z");

const FACTS: Facts = {
  repository: "ada/site",
  cloneUrl: null,
  branch: "release/2",
  tag: "v1.0",
  sha: "1".repeat(40),
  before: "2".repeat(40),
  message: "Fix the header",
  status: null,
  draft: false,
  fork: false,
  now: NOW,
};

const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const pem = {
  public: rsa.publicKey.export({ format: "pem", type: "spki" }).toString(),
  private: rsa.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
};
const ed = generateKeyPairSync("ed25519");
const raw = (der: Buffer): string => der.subarray(-32).toString("base64");

/** What a sample has to say, by our name of the event. */
const ABOUT: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  push: {
    branch: FACTS.branch,
    repository: FACTS.repository,
    commit: including({ sha: FACTS.sha }),
    before: FACTS.before,
    deleted: false,
  },
  tag: { tag: FACTS.tag, branch: null, repository: FACTS.repository, deleted: false },
  pull_request: { branch: FACTS.branch, repository: FACTS.repository },
  release: { tag: FACTS.tag, repository: FACTS.repository },
  build: { repository: FACTS.repository, status: matching(/^(success|Passed|PASSED|SUCCESSFUL)$/) },
  image: { repository: FACTS.repository },
  health: { status: "Healthy", health: including({ app: "site", revision: FACTS.sha }) },
  ping: { name: "ping" },
};

interface Setting {
  readonly kind: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** The source's. Default: a plain secret. */
  readonly secret?: string;
  /** The sender's, where that is another. */
  readonly key?: string;
}

const KEY = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
const PLAIN = "the-secret-that-both-know";

/** Every way in which a source of the registry can prove its sender. */
const SETTINGS: readonly Setting[] = [
  { kind: "github" },
  { kind: "github", options: { algorithm: "sha1" } },
  { kind: "gitlab" },
  { kind: "gitlab", secret: KEY },
  { kind: "gitea" },
  { kind: "gogs" },
  { kind: "gogs", options: { body_secret: true } },
  { kind: "bitbucket" },
  { kind: "bitbucket", options: { username: "hooks" } },
  { kind: "travis", secret: pem.public, key: pem.private },
  { kind: "jobserv" },
  { kind: "standard-webhooks", secret: KEY },
  {
    kind: "standard-webhooks",
    secret: `whpk_${raw(ed.publicKey.export({ format: "der", type: "spki" }))}`,
    key: `whsk_${raw(ed.privateKey.export({ format: "der", type: "pkcs8" }))}`,
  },
  { kind: "dockerhub" },
  { kind: "argocd" },
  { kind: "argocd", options: { token_header: "X-Argo" } },
  { kind: "argocd", options: { username: "argo" } },
  { kind: "generic" },
  { kind: "generic", options: { username: "hooks" } },
  { kind: "generic", options: { token_header: "X-Token" } },
  { kind: "generic", options: { token_header: "Authorization", id_header: "X-Id", event_header: "X-Event" } },
  {
    kind: "generic",
    options: {
      header: "X-Sig",
      algorithm: "sha512",
      encoding: "base64",
      prefix: "v0=",
      signed: "v0:{id}:{timestamp}:{body}",
      id_header: "X-Id",
      timestamp_header: "X-Time",
    },
  },
];

it("every kind of source has a sender, and each of its settings a line here", () => {
  expect([...senders.keys()].toSorted()).toEqual([...sourceKinds.keys()].toSorted());
  expect([...new Set(SETTINGS.map(({ kind }) => kind))].toSorted()).toEqual(
    [...sourceKinds.keys()].toSorted(),
  );
});

const titled = SETTINGS.map((setting, index) => ({
  ...setting,
  title: `${setting.kind}, ${index}: ${JSON.stringify(setting.options ?? {})}`,
}));

describe.each(titled)(
  "what the sender of $title makes",
  ({ kind, options = {}, secret = PLAIN, key = secret }) => {
    const source = bind({ kind, options, secrets: [secret] });
    const sender = senders.get(kind);
    if (sender === undefined) throw new Error(`There is no sender ${kind}`);
    const parsed = optionsOf({ kind, options });
    const make = (
      sample: Sample,
      given: { secret?: string | null; form?: boolean; id?: string } = {},
    ): MadeRequest =>
      sender.make(
        {
          event: sample.event,
          json: JSON.stringify(sample.payload),
          form: sender.sendsForms === true,
          id: "an-id",
          secret: key,
          now: NOW,
          ...given,
        },
        parsed,
      );
    const samplesOf = (facts: Facts) => Object.entries(sender.samples(facts, parsed));
    const eventOf = (request: MadeRequest): HookEvent => {
      const described = source.describe(request);
      if (!described.ok) throw new Error(described.reason);
      return described.event;
    };

    it("has something to make, under names that events have", () => {
      const names = samplesOf(FACTS).map(([name]) => name);
      expect(names.length).toBeGreaterThan(0);
      for (const name of names) expect(EVENT_NAMES).toContain(name);
    });

    it.each(samplesOf(FACTS))("passes as %s, as JSON and as a form", (name, sample) => {
      for (const form of [false, true]) {
        const request = make(sample, { form });
        expect(source.authenticate(request, NOW)).toMatchObject({ ok: true });
        const event = eventOf(request);
        // What names events as it likes, the settings say what it means.
        if (sender.anyEvent === undefined) expect(event.name).toBe(name);
      }
    });

    it.each(samplesOf(FACTS))(
      "is refused as %s without the proof, and with another secret",
      (_name, sample) => {
        expect(source.authenticate(make(sample, { secret: null }), NOW)).toMatchObject({
          code: "signature:missing",
        });
        const other = bind({ kind, options, secrets: [sourceOf(kind)] });
        expect(other.authenticate(make(sample), NOW)).toMatchObject({ code: "signature:invalid" });
      },
    );

    it.each(samplesOf(FACTS))("is about what it was told, as %s", (name, sample) => {
      // What it means where senders name events as they like, the settings say.
      const expected = sender.anyEvent === undefined ? ABOUT[name] : { payload: sample.payload };
      expect(expected).toBeDefined();
      expect(eventOf(make(sample))).toMatchObject(expected ?? {});
    });

    it("is of no branch where it comes from a fork", () => {
      const fork = { ...FACTS, fork: true };
      const pull = sender.samples(fork, parsed).pull_request;
      if (pull !== undefined)
        expect(eventOf(make(pull))).toMatchObject({ name: "pull_request", branch: null });
      else expect(samplesOf(fork).map(([name]) => name)).toEqual(samplesOf(FACTS).map(([name]) => name));
    });

    it("says what it needs where no secret of the source will do", () => {
      const usable = sender.usable?.([secret]) ?? [secret];
      expect(usable.includes(secret)).toBe(key === secret);
      if (key !== secret) expect(sender.signsWith).toMatch(/key/);
    });

    it("has the event's name and id where the source reads them", () => {
      const [first] = samplesOf(FACTS);
      const request = make(first?.[1] ?? { event: "x", payload: {} }, { id: "the-id" });
      expect(["the-id", null]).toContain(source.senderId(request));
      expect(source.eventName(request)).not.toBe("unknown");
    });
  },
);

/** A secret of the right form that nobody signs with. */
function sourceOf(kind: string): string {
  if (kind === "standard-webhooks") return `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
  if (kind !== "travis") return "a-secret-that-is-another";
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  return publicKey.export({ format: "pem", type: "spki" }).toString();
}
