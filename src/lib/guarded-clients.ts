import { createInstallationTokens, type InstallationTokens } from "./installation-tokens.ts";
import { createPoster, type Poster } from "./outbound-post.ts";
import { createOutboundFetch, DOWNLOADS, type OutboundOptions } from "./outbound.ts";
import { createRenewingFetch } from "./renewing-fetch.ts";

/** Everything by which a server calls others, within the networks that are allowed at that moment. */
export interface GuardedClients {
  readonly fetch: typeof fetch;
  /** The same for large answers: see OutboundOptions.streamed. */
  readonly download: typeof fetch;
  readonly poster: () => Poster;
  /** Of GitHub Apps. `fetch` and `download` put new ones in the place of those that GitHub refuses. */
  readonly installationTokens: InstallationTokens;
}

/** @param allowed networks that may be called although they are not public, as the settings in force have them */
export function createGuardedClients(allowed: () => readonly string[], now: () => Date): GuardedClients {
  const plain = (options: OutboundOptions = {}): typeof fetch => {
    const made = byNetworks(allowed, (allowCidrs) => createOutboundFetch({ ...options, allowCidrs }));
    return (input, init) => made()(input, init);
  };
  const asking = plain();
  const installationTokens = createInstallationTokens({ fetch: asking, now });
  return {
    fetch: createRenewingFetch(asking, installationTokens),
    download: createRenewingFetch(plain(DOWNLOADS), installationTokens),
    poster: byNetworks(allowed, createPoster),
    installationTokens,
  };
}

/** What depends on the networks that may be called; made anew when reloaded settings allow others. */
function byNetworks<T>(
  allowed: () => readonly string[],
  create: (allowCidrs: readonly string[]) => T,
): () => T {
  let made: { readonly allowed: string; readonly value: T } | null = null;
  return () => {
    const allowCidrs = allowed();
    const key = JSON.stringify(allowCidrs);
    if (made?.allowed !== key) made = { allowed: key, value: create(allowCidrs) };
    return made.value;
  };
}
