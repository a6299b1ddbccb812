import { ApiError, createClient } from "../../src/client/client.ts";

/** With the session's cookie. */
export const client = createClient({ url: location.origin, token: null });

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const isLoggedOut = (error: unknown): boolean => error instanceof ApiError && error.status === 401;
