import { X509Certificate } from "node:crypto";
import { Agent, fetch as undiciFetch } from "undici";
import { toInit, toResponse } from "./undici-parts.ts";

export interface LocalFetchOptions {
  /** The one certificate (PEM) that the server may have, whatever name it is for and whoever signed it. */
  readonly certificate?: string | undefined;
  /** Connects there, whatever host the URL names. */
  readonly socketPath?: string | undefined;
}

/** A `fetch` for a server of this machine that has said, in a file of this account, where it is and which certificate it has. */
export function createLocalFetch({ certificate, socketPath }: LocalFetchOptions): typeof fetch {
  const dispatcher = new Agent({
    connect: {
      ...(socketPath !== undefined && { socketPath }),
      ...(certificate !== undefined && pinned(certificate)),
    },
  });
  return async (input, given) => {
    const request = new Request(input, given);
    const { signal, redirect } = request;
    const init = await toInit(request);
    const response = await undiciFetch(request.url, { ...init, signal, redirect, dispatcher });
    return toResponse(response, response.body);
  };
}

/** That certificate is what the chain may end with, and it must be that one; the name in it does not count. */
function pinned(certificate: string) {
  const { fingerprint256 } = new X509Certificate(certificate);
  return {
    ca: [certificate],
    allowPartialTrustChain: true,
    checkServerIdentity: (_host: string, found: { readonly fingerprint256: string }): Error | undefined =>
      found.fingerprint256 === fingerprint256
        ? undefined
        : new Error("The server has another certificate than its local file says"),
  };
}
