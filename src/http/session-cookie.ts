import type { IncomingHttpHeaders } from "node:http";
import { AppError } from "../domain/errors.ts";

/** `__Host-`: no other host, and no page without TLS, can set it. Only possible with TLS. */
const SECURE_NAME = "__Host-hookwright";
const PLAIN_NAME = "hookwright";

/** What scripts of our own pages add; a page of another origin can't without asking first, and the answer to that is no. */
export const SAME_ORIGIN_HEADER = "x-hookwright-dashboard";

/** The secret of the session that a request belongs to. */
export function sessionSecret({ cookie = "" }: IncomingHttpHeaders): string | null {
  const cookies = new Map(
    cookie.split(";").map((pair) => {
      const [name = "", value = ""] = pair.trim().split("=", 2);
      return [name, value];
    }),
  );
  const secret = cookies.get(SECURE_NAME) ?? cookies.get(PLAIN_NAME) ?? "";
  return secret === "" ? null : secret;
}

/** `maxAgeSeconds` 0 removes it. Secure where the browser speaks TLS, whatever a proxy makes of it: its Origin tells. */
export function sessionCookie(
  secret: string,
  { headers, maxAgeSeconds }: { readonly headers: IncomingHttpHeaders; readonly maxAgeSeconds: number },
): string {
  const secure = headers.origin?.startsWith("https://") === true;
  const name = secure ? SECURE_NAME : PLAIN_NAME;
  const attributes = `Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict`;
  return `${name}=${secret}; ${attributes}${secure ? "; Secure" : ""}`;
}

/**
 * Throws `auth:cross_site` for a change that another page may have made the browser ask for. SameSite=Strict alone lets
 * other ports and subdomains of the same site through.
 */
export function checkSameOrigin(method: string, headers: IncomingHttpHeaders): void {
  if (method === "GET" || method === "HEAD") return;
  const site = headers["sec-fetch-site"];
  if (headers[SAME_ORIGIN_HEADER] !== undefined && (site === undefined || site === "same-origin")) return;
  throw new AppError(
    "auth:cross_site",
    `With a session's cookie, changes are taken from the dashboard only; send a token instead, or the header ${SAME_ORIGIN_HEADER}`,
  );
}
