/** What a site answers, with its status. A connection each: an nginx that reloads closes idle ones, which may cross with a request. */
export async function answerOf(url: string): Promise<string> {
  const response = await fetch(url, { headers: { connection: "close" } });
  return `${response.status} ${await response.text()}`;
}

/**
 * Asks these paths without a pause, all at once, until it is stopped; resolves with everything that was answered, and how often.
 * A request that fails is an answer that begins with `failed`.
 */
export function pollSite(url: string, paths: readonly string[]): () => Promise<ReadonlyMap<string, number>> {
  const seen = new Map<string, number>();
  let going = true;
  const one = async (path: string): Promise<void> => {
    while (going) {
      const said = await answerOf(url + path).catch((error: unknown) => `failed: ${String(error)}`);
      seen.set(said, (seen.get(said) ?? 0) + 1);
    }
  };
  const all = Promise.all(paths.map(one));
  return async () => {
    going = false;
    await all;
    return seen;
  };
}
