import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { type ApiCall, ApiCallError, callApi } from "../../lib/api-call.ts";
import { parseDuration } from "../../lib/duration.ts";
import { durationText } from "./health.ts";
import type { StepContext } from "../step.ts";

export const apiFailure = (message: string, cause?: unknown): AppError =>
  new AppError("step:failed", message, { cause });

export interface StepApiCall extends Omit<ApiCall, "repeatable"> {
  readonly repeatable?: boolean;
  /** What to do about an answer of that status. */
  readonly hints?: Readonly<Record<number, string>>;
}

/** Calls an API for a step. What it says no to is AppError `step:failed`, with its words and a hint. */
export async function callForStep(
  { hints = {}, repeatable = true, ...call }: StepApiCall,
  { fetch, signal, log }: Pick<StepContext, "fetch" | "signal" | "log">,
): Promise<unknown> {
  try {
    return await callApi({ ...call, repeatable }, { fetch, signal, log });
  } catch (error) {
    if (!(error instanceof ApiCallError)) throw error;
    const hint = error.status === null ? undefined : hints[error.status];
    throw apiFailure(hint === undefined ? error.message : `${error.message}. ${hint}`, error);
  }
}

/** What the answer has to be. Throws `step:failed` when it is something else. */
export function readAnswer<T>(name: string, schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw apiFailure(`${name} answered with something unexpected: ${z.prettifyError(parsed.error)}`);
}

/** A text that stands in the settings as it is: a token in a template would be in the task's record. */
export const token = () => z.string().min(1);

export const apiUrl = () =>
  z.url({ protocol: /^https?$/, error: "expected a URL such as https://example.com" });

/** URL of the API without a slash at its end, and a path behind it; each part is encoded. */
export const join = (base: string, ...parts: readonly string[]): string =>
  [base.replace(/\/+$/, ""), ...parts.map(encodeURIComponent)].join("/");

/** Options of steps that can wait for the other side to be done. */
export const waiting = {
  wait: z.boolean().default(false).describe("Wait for its end; the step fails when it does not end well."),
  within: durationText()
    .default("10m")
    .describe("With `wait`: how long; the step fails when it takes longer."),
  interval: durationText().default("2s").describe("With `wait`: time between two looks."),
};

export interface PollOptions {
  /** Said when the waiting begins, and in the failure. */
  readonly what: string;
  readonly within: string;
  readonly interval: string;
}

/** Asks again and again until there is something else than null. */
export async function pollUntil<T>(
  context: Pick<StepContext, "signal" | "log">,
  { what, within, interval }: PollOptions,
  ask: () => Promise<T | null>,
): Promise<T> {
  const intervalMs = parseDuration(interval) ?? 0;
  context.log(`Waiting for ${what}`);
  const deadline = performance.now() + (parseDuration(within) ?? 0);
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() + intervalMs > deadline) throw apiFailure(`Waited ${within} in vain for ${what}`);
    await sleep(intervalMs, undefined, { signal: context.signal }).catch((reason: unknown) => {
      context.signal.throwIfAborted();
      throw reason;
    });
  }
}
