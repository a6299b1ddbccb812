import { createHash } from "node:crypto";
import { senders } from "../../../src/senders/registry.ts";
import type { Facts, MadeRequest } from "../../../src/senders/sender.ts";
import { bind, optionsOf } from "../../sources/fixtures/bind.ts";
import type { Random } from "../../support/random.ts";
import { SOURCES, type SourceName } from "./settings.ts";

/** A webhook as its sender makes it; sent again with the same bytes and the same id until it is taken. */
export interface Made extends MadeRequest {
  readonly source: SourceName;
  /** Of those senders that send no id: what the server knows a repetition by. */
  readonly fingerprint: string | null;
  readonly bodySha256: string;
}

export interface MakeInput {
  readonly source: SourceName;
  readonly branch: string;
  /** Which delivery of this run it is, from 1. */
  readonly number: number;
  readonly random: Random;
  readonly now: Date;
}

export const SOURCE_NAMES = Object.keys(SOURCES).filter((name): name is SourceName => name in SOURCES);

const kinds = new Map(
  SOURCE_NAMES.map((name) => {
    const { secret, options } = SOURCES[name];
    const sender = senders.get(name);
    if (sender === undefined) throw new Error(`There is no sender ${name}`);
    const source = bind({ kind: name, options, secrets: [secret] });
    return [name, { sender, secret, source, options: optionsOf({ kind: name, options }) }];
  }),
);

const MAX_PADDING = 6_000;
const SECOND_MS = 1_000;

export function makeDelivery({ source, branch, number, random, now }: MakeInput): Made {
  const kind = kinds.get(source);
  if (kind === undefined) throw new Error(`There is no source ${source}`);
  const { sender, secret, options } = kind;
  const sha = createHash("sha1").update(`${number} ${now.getTime()}`).digest("hex");
  const id = `${sha.slice(0, 8)}-${sha.slice(8, 12)}-4${sha.slice(13, 16)}-8${sha.slice(17, 20)}-${sha.slice(20, 32)}`;
  const facts: Facts = {
    ...ABOUT,
    branch,
    sha,
    // The same bytes under another id would count as a replay.
    message: `${id} ${"x".repeat(random.between(0, MAX_PADDING))}`,
    // JobServ's builds are numbered by the second: each delivery is of another.
    now: source === "jobserv" ? new Date(now.getTime() + number * SECOND_MS) : now,
  };
  const samples = sender.samples(facts, options);
  const sample = samples.push ?? samples.build;
  if (sample === undefined) throw new Error(`${source} tells neither of pushes nor of builds`);
  const json = JSON.stringify(sample.payload);
  const made = sender.make({ event: sample.event, json, form: false, id, secret, now }, options);
  return {
    ...made,
    source,
    bodySha256: createHash("sha256").update(made.body).digest("hex"),
    fingerprint: source === "jobserv" ? fingerprintOf(kind.source.authenticate(made, now)) : null,
  };
}

const ABOUT = {
  repository: "ada/site",
  cloneUrl: null,
  tag: "v1.0",
  before: "2".repeat(40),
  status: null,
  draft: false,
  fork: false,
} as const;

function fingerprintOf(result: ReturnType<ReturnType<typeof bind>["authenticate"]>): string {
  if (!result.ok || result.fingerprint === null) throw new Error("A delivery that its own source refuses");
  return result.fingerprint;
}
