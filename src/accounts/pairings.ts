import { createHash } from "node:crypto";
import { z } from "zod";
import { AppError } from "../domain/errors.ts";
import type { PairInput, Pairings } from "../domain/pairing.ts";
import { getFromGithub, GithubError } from "../lib/github-api.ts";
import type { Logger } from "../lib/logger.ts";
import { PAIRING_PREFIX, type PairingVault } from "./pairing-vault.ts";

export interface PairingsOptions {
  readonly vault: PairingVault;
  /** The guarded outbound client. */
  readonly fetch: typeof fetch;
  readonly apiUrl: () => string;
  readonly logger: Logger;
}

const ANSWER_MS = 20_000;
const userSchema = z.object({ login: z.string() });
const kept = z.object({ token: z.string() });

export function createPairings({ vault, fetch, apiUrl, logger }: PairingsOptions): Pairings {
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

  /** One that can't be opened is as good as none, but for the log. */
  async function tokenOf(user: string, app: string | null): Promise<string | null> {
    try {
      const text = await vault.read(nameOf(user, app));
      return text === null ? null : kept.parse(JSON.parse(text)).token;
    } catch (error) {
      if (!(error instanceof AppError && error.code === "secrets:unreadable")) throw error;
      logger.error({ err: error, user, app }, "The token of a pairing can't be used");
      return null;
    }
  }

  return {
    async pair(input) {
      await check(input);
      const { user, app, login, token } = input;
      try {
        await vault.write(nameOf(user, app), JSON.stringify({ user, app, login, token }));
      } catch (error) {
        const why = error instanceof AppError ? `: ${error.message}` : "";
        throw new AppError("auth:github:update_user_failed", `The token could not be kept${why}`, {
          cause: error,
        });
      }
    },
    settle: () =>
      vault.settle().catch((error: unknown) => {
        logger.error({ err: error }, "Tokens that users have paired with were not looked at");
      }),
    repositoryToken: (user) => tokenOf(user, null),
    reportToken: async (user, app) => (await tokenOf(user, app)) ?? tokenOf(user, null),
  };
}

const failed = (message: string, cause?: unknown): AppError =>
  new AppError("auth:github:github_pairing_failed", message, { cause });

/** Names of secrets are short, and of few characters. */
const nameOf = (user: string, app: string | null): string =>
  PAIRING_PREFIX +
  createHash("sha256")
    .update(JSON.stringify([user, app]))
    .digest("hex")
    .slice(0, 40);
