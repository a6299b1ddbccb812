import { parse } from "yaml";
import { z } from "zod";

/** Beside addresses a list may have encrypted ones, `secure: …`, which nobody but Travis can read. */
const urls = z
  .union([z.string(), z.array(z.unknown())])
  .transform((value) => [value].flat().filter((each) => typeof each === "string"));
const schema = z.object({
  notifications: z.object({
    webhooks: z.union([urls, z.object({ urls }).transform((value) => value.urls)]),
  }),
});

/**
 * Whether a `.travis.yml` has Travis CI report to this server (https://docs.travis-ci.com/user/notifications/#configuring-webhook-notifications).
 * `host`: the server's own, with its port where it has one. A file that can't be read names nobody.
 */
export function reportsTo(text: string, host: string): boolean {
  try {
    const parsed = schema.safeParse(parse(text, { maxAliasCount: 100, logLevel: "error" }));
    if (!parsed.success) return false;
    return parsed.data.notifications.webhooks.some((each) => {
      const url = URL.parse(each);
      return url !== null && url.host === host && ["/", "/1/deploy", "/1/deploy/"].includes(url.pathname);
    });
  } catch {
    return false;
  }
}
