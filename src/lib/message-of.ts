/** What was thrown, in words. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What is behind it: clients wrap what happened in "fetch failed", and tries at several addresses in one error. */
export function deepestMessage(error: unknown): string {
  let last = error;
  while (last instanceof Error && last.cause instanceof Error) last = last.cause;
  if (last instanceof AggregateError) return last.errors.map(deepestMessage).join("; ");
  return messageOf(last);
}
