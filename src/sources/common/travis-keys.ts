import { z } from "zod";
import { rsaKeyProblem } from "./rsa.ts";

/** https://docs.travis-ci.com/user/notifications/#verifying-webhook-requests */
export const TRAVIS_KEY_URLS = ["https://api.travis-ci.com/config", "https://api.travis-ci.org/config"];

const configSchema = z.object({
  config: z.object({ notifications: z.object({ webhook: z.object({ public_key: z.string() }) }) }),
});

/** The keys in what such a URL answers with; null when there are none in it. */
export function readTravisKeys(answer: unknown): readonly string[] | null {
  const parsed = configSchema.safeParse(answer);
  if (!parsed.success) return null;
  const { public_key: key } = parsed.data.config.notifications.webhook;
  return rsaKeyProblem(key) === null ? [key] : null;
}
