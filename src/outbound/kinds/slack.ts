import { z } from "zod";
import { linkOf } from "../link-of.ts";
import { JSON_TYPE, type EndpointKind } from "../kind.ts";
import { sentenceOf } from "../sentence.ts";

const schema = z.strictObject({});

const MARKS = { good: ":white_check_mark:", bad: ":x:", neutral: ":information_source:" } as const;

/** Slack's incoming webhooks (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks). */
export const slack: EndpointKind<z.output<typeof schema>> = {
  kind: "slack",
  summary: "Slack's incoming webhooks.",
  schema,
  secret: "none",
  urlIsSecret: true,
  render(notice, _options, { links }) {
    const { title, details, mood } = sentenceOf(notice);
    const url = linkOf(notice, links);
    const head = `${MARKS[mood]} *${escape(title)}*${url === null ? "" : ` (<${url}|details>)`}`;
    const text = details === "" ? head : `${head}\n${escape(details)}`;
    return { body: JSON.stringify({ text }), headers: JSON_TYPE };
  },
};

/** Else what a command printed could call everybody in the channel. */
const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
