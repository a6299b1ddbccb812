import { AppError } from "../domain/errors.ts";
import type { Message } from "../domain/message.ts";
import { newId } from "../lib/ids.ts";
import type { Logger } from "../lib/logger.ts";
import type { Poster } from "../lib/outbound-post.ts";
import { within } from "../lib/within.ts";
import type { Store } from "../storage/store.ts";
import { attempt, settled, type Attempt } from "./attempt.ts";
import { type Destination, destinationOf } from "./destination.ts";
import type { Endpoint } from "./endpoint.ts";
import { createLanes } from "./lanes.ts";
import { createLinks, type Links } from "./links.ts";
import type { Outbound } from "./outbound.ts";
import type { Reporting } from "./reports/reporting.ts";
import { postNotices, type PostNoticesOptions } from "./post-notices.ts";
import { createSettling } from "./settling.ts";
import { type OutboundTraces, withTraceparent } from "./traces.ts";
import type { Endpoints } from "./wanted.ts";

type SenderStore = Pick<
  Store,
  | "pendingNotices"
  | "incidents"
  | "postMessages"
  | "claimMessages"
  | "settleMessages"
  | "releaseMessages"
  | "pruneMessages"
>;

export interface SenderOptions {
  readonly store: SenderStore;
  /** Those in force; asked again and again, so that a reload changes them. */
  readonly endpoints: () => Endpoints;
  readonly actionOf: PostNoticesOptions["actionOf"];
  /** What forges are told of; default: nothing. */
  readonly reporting?: Reporting;
  /** How the outside reaches this server, without a trailing slash. */
  readonly publicUrl: () => string;
  readonly poster: () => Poster;
  /** Name of this run of the process; a restarted server is another node. */
  readonly node: string;
  /** False: this process alone has the store, so that what others have leased is nobody's. */
  readonly shared: boolean;
  readonly logger: Logger;
  readonly now?: () => Date;
  readonly random?: () => number;
  /** Told of each attempt. */
  readonly onAttempt?: (endpoint: string, result: AttemptOutcome) => void;
  readonly traces?: OutboundTraces | null;
  /** Between two looks for what is due. */
  readonly pollMs?: number;
}

/** After the longest timeout the message is another's to take. */
const LEASE_MARGIN_MS = 45_000;
const PRUNE_MS = 3_600_000;
const DAY_MS = 86_400_000;
const KEPT_DAYS = 7;
const DEAD_KEPT_DAYS = 90;

/** `refused`: the endpoint answered, but not with success. */
export type AttemptOutcome = "delivered" | "refused" | "failed";

const statusOf = ({ answer, status = null }: Attempt): number | null => answer?.status ?? status;

const outcomeOf = (made: Attempt): AttemptOutcome =>
  made.error === null ? "delivered" : statusOf(made) === null ? "failed" : "refused";

export function createSender(options: SenderOptions): Outbound {
  const { store, endpoints, poster, node, shared, logger } = options;
  const { now = () => new Date(), random = Math.random, pollMs = 1_000 } = options;
  const settling = createSettling({ store, node, onStored: wake, onError });
  const lanes = createLanes({ send, settle: settling.add });
  const ended = new AbortController();
  let state: "waiting" | "running" | "stopping" = "waiting";
  let beginning: Promise<void> = Promise.resolve();
  let pumping: Promise<void> | null = null;
  let again = false;
  let poll: NodeJS.Timeout | undefined;
  let prunedAt = 0;

  const links = (): Links => createLinks(options.publicUrl());

  function onError(error: unknown): void {
    logger.error({ err: error }, "Notifications could not be looked after; it is tried again");
  }

  const destinations = (): Readonly<Record<string, Destination>> => ({
    ...Object.fromEntries(Object.values(endpoints()).map((each) => [each.name, destinationOf(each, poster)])),
    ...options.reporting?.destinations(),
  });

  async function send(endpoint: Destination, given: Message) {
    const span = options.traces?.attempt(given) ?? null;
    const message = span === null ? given : withTraceparent(given, span.traceparent);
    const outcome = await endpoint.deliver(message, { now: now(), signal: ended.signal });
    const status = statusOf(outcome);
    const result = outcomeOf(outcome);
    options.onAttempt?.(endpoint.name, result);
    span?.end({ status, result });
    if (outcome.error !== null) {
      logger.warn(
        { endpoint: endpoint.name, message: message.id, task: message.taskId, status, reason: outcome.error },
        "A notification was not taken",
      );
    }
    return settled({ endpoint, message, outcome, now: now(), random: random() });
  }

  async function claim(): Promise<number> {
    const known = destinations();
    const wanted = lanes.room(Object.values(known));
    if (wanted.length === 0) return 0;
    const longest = Math.max(...Object.values(known).map(({ timeoutMs }) => timeoutMs));
    const leaseMs = longest + LEASE_MARGIN_MS;
    const leasedAt = performance.now();
    const messages = await store.claimMessages({
      node,
      now: now().toISOString(),
      leaseMs,
      endpoints: wanted,
    });
    const until = leasedAt + leaseMs;
    for (const message of messages) {
      const endpoint = known[message.endpoint];
      // A lease whose endpoint has just left the settings ends by itself.
      if (endpoint !== undefined) lanes.add(endpoint, message, until);
    }
    return messages.length;
  }

  async function pumpOnce(): Promise<void> {
    if (Object.keys(destinations()).length === 0) return;
    while (await postNotices({ ...options, links: links(), now: now() }));
    while ((await claim()) > 0);
  }

  async function pump(): Promise<void> {
    try {
      do {
        again = false;
        await pumpOnce();
      } while (again && state !== "waiting");
    } catch (error) {
      onError(error);
    } finally {
      pumping = null;
    }
  }

  function wake(): void {
    if (state === "waiting") return;
    again = true;
    pumping ??= pump();
  }

  async function prune(): Promise<void> {
    const time = now().getTime();
    if (time - prunedAt < PRUNE_MS) return;
    prunedAt = time;
    const ago = (days: number): string => new Date(time - days * DAY_MS).toISOString();
    await store.pruneMessages({ deliveredBefore: ago(KEPT_DAYS), deadBefore: ago(DEAD_KEPT_DAYS) });
  }

  function tick(): void {
    wake();
    prune().catch(onError);
  }

  /** Until nothing is on its way and nothing more is due. */
  async function drained(): Promise<void> {
    do {
      wake();
      await pumping;
      await lanes.idle();
      await settling.idle();
    } while (state !== "waiting" && (lanes.busy() || again || pumping !== null));
  }

  async function begin(): Promise<void> {
    if (!shared) await store.releaseMessages({ node: null });
    state = "running";
    poll = setInterval(tick, pollMs);
    tick();
  }

  return {
    wake,
    links,
    start() {
      beginning = begin().catch(onError);
    },
    async test(name) {
      const endpoint = Object.hasOwn(endpoints(), name) ? endpoints()[name] : undefined;
      if (endpoint === undefined)
        throw new AppError("endpoint:not_found", `There is no endpoint ${name} in the settings`);
      return testEndpoint(endpoint, { poster: poster(), now: now(), links: links() });
    },
    async stop(timeoutMs) {
      await beginning;
      clearInterval(poll);
      if (state === "running") {
        state = "stopping";
        await within(timeoutMs, drained());
      }
      state = "waiting";
      ended.abort();
      await lanes.idle();
      await store.releaseMessages({ node }).catch(onError);
      await poster().close();
    },
  };
}

interface TestOptions {
  readonly poster: Poster;
  readonly now: Date;
  readonly links: Links;
}

function testEndpoint(endpoint: Endpoint, { poster, now, links }: TestOptions): Promise<Attempt> {
  const type = "endpoint.test" as const;
  const notice = { id: newId(), type, at: now.toISOString(), task: null, delivery: null, failures: 0 };
  const message = { id: newId(), type, attempts: 0, ...endpoint.render(notice, links) };
  return attempt({ endpoint, message, poster, now });
}
