import { useEffect, useState } from "preact/hooks";
import type { z } from "zod";
import { scopeSchema, type whoamiSchema } from "../../src/client/schemas.ts";

/** Who is logged in. */
export type Session = z.infer<typeof whoamiSchema>;

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

/** What something is done to, where a user's own apps are enough. */
interface About {
  readonly action?: string;
  readonly app?: string;
}

/** Whether the server would let this session do what needs the scope; it decides, this only hides what is in vain. */
export function useMay(needed: (typeof scopeSchema.options)[number], { action, app }: About = {}): boolean {
  const { scopes = [], actions = [], apps = [] } = useSession() ?? {};
  const byScope = scopeSchema.options
    .slice(scopeSchema.options.indexOf(needed))
    .some((scope) => scopes.includes(scope));
  return (
    byScope || (action !== undefined && actions.includes(action)) || (app !== undefined && apps.includes(app))
  );
}
