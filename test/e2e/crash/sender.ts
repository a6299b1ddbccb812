import { createHash, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { receivedSchema } from "../../../src/client/schemas.ts";
import { githubPush } from "../../support/push.ts";
import type { Random } from "../../support/random.ts";
import { type ActionName, SECRET, WEIGHTS } from "./settings.ts";

/** A push that has been acknowledged, or soon will be: the sender goes on until it is. */
export interface Sent {
  readonly id: string;
  readonly action: ActionName;
  readonly bodySha256: string;
  acknowledged: { readonly delivery: string; readonly tasks: readonly string[] } | null;
}

export interface SenderCounts {
  /** Requests that broke off or found nobody: the answer may have been lost, not the delivery. */
  broken: number;
  /** Answers other than 2xx. */
  refused: number;
  /** Repeated ids that the server had stored before it died. */
  repeated: number;
}

export interface Sender {
  readonly sent: readonly Sent[];
  readonly counts: Readonly<SenderCounts>;
  /** Sends some at once, beside those that go all the time. */
  burst(count: number): void;
  /** Begins no new ones; resolves when all have been acknowledged. */
  stop(): Promise<void>;
}

export interface SenderOptions {
  readonly url: string;
  readonly connections: number;
  readonly random: Random;
}

const LONGEST_PAUSE_MS = 160;
const RETRY_MS = 50;

/** Sends signed pushes over HTTP as GitHub would, if GitHub tried again: the same id and the same bytes until a 2xx comes. */
export function startSender({ url, connections, random }: SenderOptions): Sender {
  const sent: Sent[] = [];
  const counts: SenderCounts = { broken: 0, refused: 0, repeated: 0 };
  const bursts: Promise<void>[] = [];
  let stopped = false;

  async function send(): Promise<void> {
    const id = randomUUID();
    const action = random.pick(WEIGHTS);
    // The same bytes under another id would count as a replay.
    const message = `${id} ${"x".repeat(random.between(0, 6_000))}`;
    const { body, headers } = githubPush({ secret: SECRET, id, branch: action, message });
    const entry: Sent = { id, action, bodySha256: sha256(body), acknowledged: null };
    sent.push(entry);
    while (entry.acknowledged === null) {
      entry.acknowledged = await tryOnce(headers, body);
      if (entry.acknowledged === null) await delay(RETRY_MS);
    }
  }

  /** Null: not acknowledged, whatever became of it. */
  async function tryOnce(headers: Record<string, string>, body: Buffer): Promise<Sent["acknowledged"]> {
    const signal = AbortSignal.timeout(10_000);
    const request = { method: "POST", headers, body: new Uint8Array(body), signal };
    const answer = await fetch(`${url}/hooks/app`, request)
      .then(async (response) => ({ ok: response.ok, json: await response.json() }))
      .catch(() => null);
    if (answer === null) counts.broken += 1;
    else if (!answer.ok) counts.refused += 1;
    if (answer?.ok !== true) return null;
    const { delivery, tasks, duplicate } = receivedSchema.parse(answer.json);
    if (duplicate) counts.repeated += 1;
    return { delivery, tasks: tasks.map((task) => task.id) };
  }

  async function sendOn(): Promise<void> {
    while (!stopped) {
      await send();
      await delay(random.between(0, LONGEST_PAUSE_MS));
    }
  }

  const loops = Array.from({ length: connections }, sendOn);
  return {
    sent,
    counts,
    burst(count) {
      for (let i = 0; i < count; i += 1) bursts.push(send());
    },
    async stop() {
      stopped = true;
      await Promise.all([...loops, ...bursts]);
    },
  };
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
