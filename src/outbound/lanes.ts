import type { Message } from "../domain/message.ts";
import type { ClaimedEndpoint, SettledMessage } from "../storage/store.ts";
import type { Destination } from "./destination.ts";

/** One lane per endpoint, so that none waits for another: leased messages, so many of them on their way at once. */
export interface Lanes {
  /** How many more messages each endpoint can use now. */
  room(endpoints: readonly Destination[]): readonly ClaimedEndpoint[];
  /** @param until of `performance.now()`: when the lease ends */
  add(endpoint: Destination, message: Message, until: number): void;
  busy(): boolean;
  /** Resolves when nothing is on its way. */
  idle(): Promise<void>;
}

export interface LanesOptions {
  /** Rejects when the process ends. */
  readonly send: (endpoint: Destination, message: Message) => Promise<SettledMessage>;
  readonly settle: (result: SettledMessage) => Promise<void>;
}

interface Leased {
  readonly endpoint: Destination;
  readonly message: Message;
  readonly until: number;
}

interface Lane {
  readonly waiting: Leased[];
  /** On their way, or not on record yet. */
  underWay: number;
  sending: number;
}

/** Times its concurrency: so that the next ones are there when the first have arrived. */
const AHEAD = 2;

export function createLanes({ send, settle }: LanesOptions): Lanes {
  const lanes = new Map<string, Lane>();
  const running = new Set<Promise<void>>();

  function laneOf(name: string): Lane {
    const lane = lanes.get(name) ?? { waiting: [], underWay: 0, sending: 0 };
    lanes.set(name, lane);
    return lane;
  }

  async function run(lane: Lane, { endpoint, message }: Leased): Promise<void> {
    lane.sending += 1;
    lane.underWay += 1;
    // A message that the process did not get done with is another's once its lease is over.
    const result = await send(endpoint, message).catch(() => null);
    lane.sending -= 1;
    advance(lane);
    if (result !== null) await settle(result);
    lane.underWay -= 1;
  }

  function advance(lane: Lane): void {
    for (let next = lane.waiting[0]; next !== undefined; next = lane.waiting[0]) {
      if (lane.sending >= next.endpoint.concurrency) return;
      lane.waiting.shift();
      // Others may have it by the time that this attempt would end.
      if (performance.now() + next.endpoint.timeoutMs > next.until) continue;
      const done = run(lane, next).finally(() => running.delete(done));
      running.add(done);
    }
  }

  return {
    room: (endpoints) =>
      endpoints
        .map(({ name, urlDigest, ordered, keyed, concurrency }) => {
          const { waiting, underWay } = laneOf(name);
          const limit = concurrency * AHEAD - waiting.length - underWay;
          return { name, urlDigest, ordered, keyed, limit };
        })
        .filter(({ limit }) => limit > 0),
    add(endpoint, message, until) {
      const lane = laneOf(endpoint.name);
      lane.waiting.push({ endpoint, message, until });
      advance(lane);
    },
    busy: () => running.size > 0,
    async idle() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
