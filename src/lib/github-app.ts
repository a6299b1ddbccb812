import { createSign } from "node:crypto";

/** A GitHub App, which proves itself by its private key. */
export interface GithubApp {
  /** Its id, or its client id. */
  readonly id: string;
  /** PEM. */
  readonly privateKey: string;
}

/** GitHub takes one for ten minutes at most; clocks may differ. */
const APP_TOKEN_SECONDS = 9 * 60;
const CLOCK_SECONDS = 60;

/**
 * The token that an App signs for itself (RS256), good for some minutes:
 * https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 */
export function signAppToken({ id, privateKey }: GithubApp, now: Date): string {
  const seconds = Math.floor(now.getTime() / 1_000);
  const claims = { iat: seconds - CLOCK_SECONDS, exp: seconds + APP_TOKEN_SECONDS - CLOCK_SECONDS, iss: id };
  const content = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}`;
  const signature = createSign("RSA-SHA256").update(content).sign(privateKey, "base64url");
  return `${content}.${signature}`;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
