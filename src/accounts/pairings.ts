import { createHash } from "node:crypto";
import { z } from "zod";
import { AppError } from "../domain/errors.ts";
import type { PairInput, Pairings } from "../domain/pairing.ts";
import { getFromGithub, GithubError } from "../lib/github-api.ts";

export interface PairingsOptions {
  /** Encrypts (AES-256-GCM). */
  readonly secrets: {
    read(name: string): string | null;
    set(name: string, value: string): Promise<void>;
  };
  /** The guarded outbound client. */
  readonly fetch: typeof fetch;
  readonly apiUrl: () => string;
}

const ANSWER_MS = 20_000;
const userSchema = z.object({ login: z.string() });
const kept = z.object({ token: z.string() });

export function createPairings({ secrets, fetch, apiUrl }: PairingsOptions): Pairings {
  async function check({ login, token }: PairInput): Promise<void> {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const call = { apiUrl: apiUrl(), token, path: "/user" };
    const found = await getFromGithub(call, { fetch, signal, log: () => undefined })
      .then(async (response) => userSchema.parse(await response.json()).login)
      .catch((error: unknown) => {
        const said = error instanceof GithubError ? error.message : "GitHub could not be asked";
        throw failed(said, error);
      });
    if (found.toLowerCase() !== login.toLowerCase())
      throw failed(`The token is of another GitHub user than ${login}`);
  }

  return {
    async pair(input) {
      await check(input);
      const { user, app, login, token } = input;
      try {
        await secrets.set(nameOf(user, app), JSON.stringify({ user, app, login, token }));
      } catch (error) {
        throw new AppError("auth:github:update_user_failed", "The token could not be kept", { cause: error });
      }
    },
    async repositoryToken(user) {
      const text = secrets.read(nameOf(user, null));
      return text === null ? null : kept.parse(JSON.parse(text)).token;
    },
  };
}

const failed = (message: string, cause?: unknown): AppError =>
  new AppError("auth:github:github_pairing_failed", message, { cause });

/** Names of secrets are short, and of few characters. */
const nameOf = (user: string, app: string | null): string =>
  `pairing-${createHash("sha256")
    .update(JSON.stringify([user, app]))
    .digest("hex")
    .slice(0, 40)}`;
