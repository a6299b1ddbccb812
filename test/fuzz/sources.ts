import { generateKeyPairSync } from "node:crypto";
import { senders } from "../../src/senders/registry.ts";
import type { Facts } from "../../src/senders/sender.ts";
import { sourceKinds } from "../../src/sources/registry.ts";

/** The settings of a server with a source of every kind, and what its sender signs with. */

const SECRET = "a-secret-that-the-fuzzer-knows";
const KEY = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const PUBLIC = rsa.publicKey.export({ format: "pem", type: "spki" }).toString();
const PRIVATE = rsa.privateKey.export({ format: "pem", type: "pkcs8" }).toString();

export interface FuzzedSource {
  /** Also its name. */
  readonly kind: string;
  /** The kind's own settings, as its schema reads them. */
  readonly options: unknown;
  /** What a sender signs with. */
  readonly secret: string;
  /** The events that its sender can tell, as it names them, and their payloads. */
  readonly samples: readonly { readonly event: string; readonly payload: unknown }[];
}

const FACTS: Facts = {
  repository: "ada/site",
  cloneUrl: null,
  branch: "main",
  tag: "v1",
  sha: "1".repeat(40),
  before: "2".repeat(40),
  message: "Fix it",
  status: null,
  draft: false,
  fork: false,
  now: new Date("2026-03-01T12:00:00Z"),
};

/** Beside the secret. */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  travis: { repositories: ["ada/site"], public_keys: [PUBLIC] },
  generic: {
    id_header: "X-Id",
    event_header: "X-Event",
    keep_headers: ["X-More", "?a"],
    fields: {
      name: "payload.event",
      branch: "payload.?branch",
      repository: "payload.repository",
      paths: "payload.?added",
    },
  },
};

export const FUZZED: readonly FuzzedSource[] = [...sourceKinds.values()].map(({ kind, schema }) => {
  const options = schema.parse(OPTIONS[kind] ?? {});
  const made = senders.get(kind)?.samples(FACTS, options) ?? {};
  const secret = kind === "travis" ? PRIVATE : kind === "standard-webhooks" ? KEY : SECRET;
  return { kind, options, secret, samples: Object.values(made) };
});

/** As YAML, of which JSON is a part. Every event is asked for, and starts a task that nobody runs. */
export const FUZZED_SETTINGS = JSON.stringify({
  server: { listen: "127.0.0.1:0", request_timeout: "10s", max_buffered: "256MiB" },
  sources: Object.fromEntries(
    FUZZED.map(({ kind, secret }) => [
      kind,
      { kind, ...OPTIONS[kind], ...(kind !== "travis" && { secrets: [secret] }), body_limit: "1MiB" },
    ]),
  ),
  actions: {
    deploy: {
      skip_if_commit_message: ["(?i)skip"],
      params: { text: { required: false }, sha: { required: false, pattern: "[0-9a-f]*" } },
      on: FUZZED.map(({ kind }) => ({
        source: kind,
        forks: true,
        branch: ["**", "!no/*"],
        when: "event.commit == null || event.commit.sha != 'none' && as_text(event.payload).size() > 0",
        with: { text: "as_text(event.payload.?repository.?name)", sha: "event.commit.?sha" },
      })),
      steps: [{ run: ["true"] }],
    },
  },
});
