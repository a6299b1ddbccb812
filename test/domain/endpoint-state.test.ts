import { describe, expect, it } from "vitest";
import {
  afterAttempt,
  FRESH_ENDPOINT,
  isBroken,
  type AttemptResult,
} from "../../src/domain/endpoint-state.ts";

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

const failure = (second: number, change: Partial<AttemptResult> = {}): AttemptResult => ({
  at: at(second),
  delivered: false,
  status: 500,
  error: "It answered 500",
  notBefore: null,
  goneUrl: null,
  ...change,
});
const success = (second: number): AttemptResult =>
  failure(second, { delivered: true, status: 200, error: null });

const after = (...results: AttemptResult[]) => results.reduce(afterAttempt, FRESH_ENDPOINT);
const failures = (count: number, second = 0) => Array.from({ length: count }, () => failure(second));

describe("the breaker", () => {
  it("opens at the fifth failure in a row, for five seconds", () => {
    expect(after(...failures(4))).toMatchObject({ failures: 4, closedUntil: null });
    expect(after(...failures(5))).toMatchObject({ failures: 5, openings: 1, closedUntil: at(5) });
    expect(isBroken(after(...failures(5)))).toBe(true);
  });

  it("is not opened further by what was under way when it opened", () => {
    expect(after(...failures(20))).toMatchObject({ failures: 20, openings: 1, closedUntil: at(5) });
  });

  it("opens for twice as long each time that trying fails, up to five minutes", () => {
    expect(after(...failures(5), failure(5), failure(15))).toMatchObject({
      openings: 3,
      closedUntil: at(35),
    });
    let state = after(...failures(5));
    for (let count = 0; count < 20; count += 1) {
      state = afterAttempt(state, { ...failure(0), at: state.closedUntil ?? "" });
    }
    const pauseMs = Date.parse(state.closedUntil ?? "") - Date.parse(state.lastAttemptAt ?? "");
    expect(pauseMs).toBe(300_000);
  });

  it("closes at the first success", () => {
    expect(after(...failures(7), success(9))).toEqual({
      ...FRESH_ENDPOINT,
      lastStatus: 200,
      lastAttemptAt: at(9),
      lastSuccessAt: at(9),
    });
  });
});

describe("what an endpoint asks for", () => {
  it("is a pause, the longer one counts", () => {
    expect(after(failure(0, { notBefore: at(60) }), failure(1, { notBefore: at(30) }))).toMatchObject({
      failures: 2,
      closedUntil: at(60),
    });
  });

  it("is never to be called again at that URL", () => {
    expect(after(failure(0, { status: 410, goneUrl: "digest" }), success(1))).toMatchObject({
      disabledUrl: "digest",
    });
  });
});
