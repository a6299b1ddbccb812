import type { InstallationTokens } from "./installation-tokens.ts";

/**
 * A `fetch` that, where GitHub refuses a token of an App's installation (401: revoked, or over sooner than it said), asks once
 * more with a new one. Every other answer, and every other token's, is handed on.
 */
export function createRenewingFetch(plain: typeof fetch, tokens: InstallationTokens): typeof fetch {
  return async (input, init) => {
    const response = await plain(input, init);
    // What a Request held has been sent, and can't be read again.
    if (response.status !== 401 || input instanceof Request) return response;
    const headers = new Headers(init?.headers);
    const [, scheme = "", token = ""] =
      /^(bearer|token) (.+)$/i.exec(headers.get("authorization") ?? "") ?? [];
    const signal = init?.signal ?? new AbortController().signal;
    const renewed = token === "" ? null : await tokens.renew(token, signal);
    if (renewed === null) return response;
    await response.body?.cancel();
    headers.set("authorization", `${scheme} ${renewed}`);
    return plain(input, { ...init, headers });
  };
}
