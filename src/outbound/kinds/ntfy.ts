import { z } from "zod";
import { linkOf } from "../link-of.ts";
import { JSON_TYPE, secretInTurn, type EndpointKind } from "../kind.ts";
import { sentenceOf } from "../sentence.ts";

const schema = z.strictObject({
  priority: z.int().min(1).max(5).optional().describe("1 (least) to 5. Default: 4 for failures, else 3."),
});

const TAGS = { good: "white_check_mark", bad: "x", neutral: "information_source" } as const;
/** Of a message; ntfy makes a file of a longer one. */
const MAX_BYTES = 4_096;

/**
 * ntfy (https://docs.ntfy.sh/publish/#publish-as-json): the URL is that of the topic, the secret an access token. Sent as JSON
 * to the server's root, since headers can't hold every character.
 */
export const ntfy: EndpointKind<z.output<typeof schema>> = {
  kind: "ntfy",
  summary: "ntfy; the URL is the topic's, the secret an access token.",
  schema,
  secret: "optional",
  target: (url) => new URL("./", withoutSlash(url)).href,
  render(notice, { priority }, { links, url }) {
    const { title, details, mood } = sentenceOf(notice);
    const click = linkOf(notice, links);
    const body = {
      topic: topicOf(url),
      title,
      message: cut(details === "" ? title : details),
      tags: [TAGS[mood]],
      priority: priority ?? (mood === "bad" ? 4 : 3),
      ...(click !== null && { click }),
    };
    return { body: JSON.stringify(body), headers: JSON_TYPE };
  },
  sign: ({ attempt }, secrets) => ({ authorization: `Bearer ${secretInTurn(secrets, attempt) ?? ""}` }),
};

const withoutSlash = (url: string): string => url.replace(/\/+$/, "");

const topicOf = (url: string): string =>
  decodeURIComponent(new URL(withoutSlash(url)).pathname.split("/").at(-1) ?? "");

const cut = (text: string): string =>
  Buffer.from(text)
    .subarray(0, MAX_BYTES)
    .toString("utf8")
    .replace(/\uFFFD+$/, "");
