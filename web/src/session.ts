import { useEffect, useState } from "preact/hooks";
import { scopeSchema } from "../../src/client/schemas.ts";

/** Who is logged in. */
export interface Session {
  readonly name: string;
  readonly scopes: readonly string[];
}

let session: Session | null = null;
const listeners = new Set<(session: Session | null) => void>();

export function setSession(next: Session | null): void {
  session = next;
  for (const listener of listeners) listener(next);
}

export const sessionOver = (): void => setSession(null);

export function useSession(): Session | null {
  const [current, setCurrent] = useState(session);
  useEffect(() => {
    listeners.add(setCurrent);
    setCurrent(session);
    return () => void listeners.delete(setCurrent);
  }, []);
  return current;
}

/** Whether the server would let this session do what needs the scope; it decides, this only hides what is in vain. */
export function useMay(needed: (typeof scopeSchema.options)[number]): boolean {
  const scopes = useSession()?.scopes ?? [];
  return scopeSchema.options
    .slice(scopeSchema.options.indexOf(needed))
    .some((scope) => scopes.includes(scope));
}
