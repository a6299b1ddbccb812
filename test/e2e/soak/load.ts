import { setTimeout as delay } from "node:timers/promises";
import { Agent, request } from "undici";
import { receivedSchema } from "../../../src/client/schemas.ts";
import type { Random } from "../../support/random.ts";
import { type Made, makeDelivery, SOURCE_NAMES } from "./deliveries.ts";
import { createHistogram, type Histogram } from "./histogram.ts";
import { type ActionName, WEIGHTS } from "./settings.ts";

/** A delivery that was answered with 2xx. */
export interface Acknowledged {
  readonly made: Made;
  /** Null: the branch starts nothing. */
  readonly action: ActionName | null;
  /** Null where the sender's answer does not say (JobServ's). */
  readonly answer: { readonly delivery: string; readonly tasks: readonly string[] } | null;
}

export interface LoadCounts {
  sent: number;
  acknowledged: number;
  /** Requests that broke off or found nobody: the answer may have been lost, not the delivery. */
  broken: number;
  /** Answers other than 2xx, by status. */
  readonly refused: Record<string, number>;
  /** Deliveries that the server had taken although their sender saw no answer, and so sent them again. */
  takenUnseen: number;
  /** Deliveries that were sent once more although they had been answered. */
  repeated: number;
  /** Not sent at their time, because too many were under way. */
  heldBack: number;
  /** What should not be: repetitions that were answered as something new, or otherwise than the first. */
  readonly wrongRepetitions: string[];
}

export interface Load {
  readonly counts: Readonly<LoadCounts>;
  /** Milliseconds from a request's first byte to the end of its answer of 2xx: those of now, and from now on another one's. */
  latency(): Histogram;
  beginLatency(): void;
  /** Deliveries that are not answered yet. */
  underWay(): number;
  /** Sends one more beside those of the rate. */
  send(action: ActionName): void;
  /** Begins no new ones; resolves when all have been acknowledged. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly url: string;
  /** Deliveries a second. */
  readonly perSecond: number;
  readonly random: Random;
  readonly onAcknowledged: (acknowledged: Acknowledged) => void;
}

/** One in so many starts a task, is sent once more later, is sent twice at once. */
const [STARTS, SENT_AGAIN, SENT_TWICE] = [10, 50, 200];
const [CONNECTIONS, MOST_UNDER_WAY, TICK_MS] = [64, 4_000, 20];
const ANSWER_MS = 15_000;

interface Answer {
  readonly received: Acknowledged["answer"];
  readonly duplicate: boolean | null;
}

/** Sends at its rate, whether the answers come or not; what got no 2xx is sent again, same id and bytes, until it does. */
export function startLoad({ url, perSecond, random, onAcknowledged }: LoadOptions): Load {
  const counts: LoadCounts = {
    sent: 0,
    acknowledged: 0,
    broken: 0,
    refused: {},
    takenUnseen: 0,
    repeated: 0,
    heldBack: 0,
    wrongRepetitions: [],
  };
  let latency = createHistogram();
  const agent = new Agent({ connections: CONNECTIONS });
  const underWay = new Set<Promise<void>>();
  let number = 0;

  async function deliver(made: Made): Promise<Answer & { readonly tries: number }> {
    for (let tries = 1; ; tries += 1) {
      const answer = await tryOnce(made);
      if (answer !== null) return { ...answer, tries };
      await delay(random.between(100, 600));
    }
  }

  /** Null: not acknowledged, whatever became of it. */
  async function tryOnce({ source, headers, body }: Made): Promise<Answer | null> {
    const began = performance.now();
    const signal = AbortSignal.timeout(ANSWER_MS);
    const options = { method: "POST", headers: { ...headers }, body, dispatcher: agent, signal } as const;
    const answer = await request(`${url}/hooks/${source}`, options)
      .then(async (response) => ({ status: response.statusCode, text: await response.body.text() }))
      .catch(() => null);
    if (answer === null) {
      counts.broken += 1;
      return null;
    }
    if (answer.status >= 300) {
      counts.refused[answer.status] = (counts.refused[answer.status] ?? 0) + 1;
      return null;
    }
    latency.add(performance.now() - began);
    if (source === "jobserv") return { received: null, duplicate: null };
    const { delivery, tasks, duplicate } = receivedSchema.parse(JSON.parse(answer.text));
    return { received: { delivery, tasks: tasks.map(({ id }) => id) }, duplicate };
  }

  async function sendOne(action: ActionName | null): Promise<void> {
    number += 1;
    counts.sent += 1;
    const made = makeOne(action);
    if (random.between(0, SENT_TWICE) === 0) return sendTwice(made, action);
    const { received, duplicate, tries } = await deliver(made);
    acknowledge({ made, action, answer: received });
    if (duplicate === true) counts.takenUnseen += 1;
    if (duplicate === true && tries === 1)
      counts.wrongRepetitions.push(`${describe(made)}: new, but taken for a repetition`);
    if (random.between(0, SENT_AGAIN) !== 0) return undefined;
    await delay(random.between(0, 3_000));
    const second = await deliver(made);
    counts.repeated += 1;
    compare(made, { received, duplicate: false }, { ...second, duplicate: second.duplicate ?? true });
    return undefined;
  }

  /** As senders do that lose patience before the first answer has come. */
  async function sendTwice(made: Made, action: ActionName | null): Promise<void> {
    const [first, second] = await Promise.all([deliver(made), deliver(made)]);
    counts.repeated += 1;
    acknowledge({ made, action, answer: first.received });
    // After a crash both may be repetitions of one that was never answered.
    const crashed = first.tries + second.tries > 2;
    const duplicates = [first, second].filter(({ duplicate }) => duplicate !== false).length;
    compare(made, { ...first, duplicate: false }, { ...second, duplicate: crashed || duplicates > 0 });
  }

  function compare(made: Made, first: Answer, second: Answer): void {
    const same = JSON.stringify(first.received) === JSON.stringify(second.received);
    if (same && second.duplicate === true) return;
    counts.wrongRepetitions.push(`${describe(made)}: ${JSON.stringify({ first, second })}`);
  }

  function makeOne(action: ActionName | null): Made {
    const usable = action === null ? SOURCE_NAMES : SOURCE_NAMES.filter((name) => name !== "jobserv");
    const source = usable[random.between(0, usable.length)] ?? "github";
    return makeDelivery({ source, branch: action ?? "none", number, random, now: new Date() });
  }

  function acknowledge(acknowledged: Acknowledged): void {
    counts.acknowledged += 1;
    onAcknowledged(acknowledged);
  }

  function begin(action: ActionName | null): void {
    const sending: Promise<void> = sendOne(action).finally(() => underWay.delete(sending));
    underWay.add(sending);
  }

  let owed = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    owed += ((now - last) / 1_000) * perSecond;
    last = now;
    for (; owed >= 1; owed -= 1) {
      if (underWay.size >= MOST_UNDER_WAY) counts.heldBack += 1;
      else begin(random.between(0, STARTS) === 0 ? random.pick(WEIGHTS) : null);
    }
  }, TICK_MS);

  return {
    counts,
    latency: () => latency,
    beginLatency() {
      latency = createHistogram();
    },
    underWay: () => underWay.size,
    send: begin,
    async stop() {
      clearInterval(timer);
      while (underWay.size > 0) await Promise.all(underWay);
      await agent.close();
    },
  };
}

const describe = ({ source, headers, bodySha256 }: Made): string =>
  `${source} ${bodySha256.slice(0, 12)} ${headers["x-github-delivery"] ?? ""}`;
