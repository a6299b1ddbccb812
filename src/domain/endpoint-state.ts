/** How an endpoint has answered lately: its circuit breaker. Times are RFC 3339 UTC with milliseconds. */
export interface EndpointState {
  /** Failed attempts since the last success. */
  readonly failures: number;
  /** How often the breaker has opened since the last success. */
  readonly openings: number;
  /** Nothing is sent before; null: at any time. */
  readonly closedUntil: string | null;
  /** Stands for the URL that answered 410; null: none did. Another URL is another endpoint. */
  readonly disabledUrl: string | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly lastAttemptAt: string | null;
  readonly lastSuccessAt: string | null;
}

export const FRESH_ENDPOINT: EndpointState = {
  failures: 0,
  openings: 0,
  closedUntil: null,
  disabledUrl: null,
  lastStatus: null,
  lastError: null,
  lastAttemptAt: null,
  lastSuccessAt: null,
};

/** One try at sending to an endpoint, as its state is concerned. */
export interface AttemptResult {
  readonly at: string;
  readonly delivered: boolean;
  readonly status: number | null;
  /** A sentence; null when delivered. */
  readonly error: string | null;
  /** The endpoint asked not to be called before; RFC 3339. */
  readonly notBefore: string | null;
  /** The endpoint is gone for good (410): what stands for its URL. */
  readonly goneUrl: string | null;
  /** It answered, and would not take this one message: the next may do. Default false. */
  readonly refused?: boolean;
}

/** So many failures in a row open the breaker: then one message at a time tries whether the endpoint is back. */
export const BREAKER_FAILURES = 5;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;

export const isBroken = ({ failures }: Pick<EndpointState, "failures">): boolean =>
  failures >= BREAKER_FAILURES;

/** The state after an attempt. Pure. */
export function afterAttempt(state: EndpointState, result: AttemptResult): EndpointState {
  const { at, status, error, notBefore } = result;
  const last = { lastStatus: status, lastError: error, lastAttemptAt: at };
  const wanted = later(state.closedUntil, notBefore);
  if (result.delivered) {
    return { ...state, ...last, failures: 0, openings: 0, closedUntil: notBefore, lastSuccessAt: at };
  }
  if (result.refused === true) return { ...state, ...last, failures: 0, openings: 0, closedUntil: notBefore };
  const failures = state.failures + 1;
  const disabledUrl = result.goneUrl ?? state.disabledUrl;
  const next = { ...state, ...last, failures, closedUntil: wanted, disabledUrl };
  // Attempts that were under way when it opened do not open it further.
  const isOpen = state.closedUntil !== null && state.closedUntil > at;
  if (!isBroken(next) || isOpen) return next;
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** state.openings, LONGEST_PAUSE_MS);
  const until = new Date(Date.parse(at) + pauseMs).toISOString();
  return { ...next, openings: state.openings + 1, closedUntil: later(until, notBefore) };
}

const later = (one: string | null, other: string | null): string | null =>
  one === null || (other !== null && other > one) ? other : one;
