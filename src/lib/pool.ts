/** Does `work` for each item, at most `limit` at once, beginning in their order. Rejects with the first failure. */
export async function pool<T>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  // All workers draw from the one iterator.
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
