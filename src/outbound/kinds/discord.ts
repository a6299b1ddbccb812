import { z } from "zod";
import { linkOf } from "../link-of.ts";
import { JSON_TYPE, type EndpointKind } from "../kind.ts";
import { sentenceOf } from "../sentence.ts";

const schema = z.strictObject({});

const COLORS = { good: 0x2e_a0_43, bad: 0xd1_24_2f, neutral: 0x57_60_6a } as const;

/** Discord's webhooks (https://discord.com/developers/docs/resources/webhook#execute-webhook). */
export const discord: EndpointKind<z.output<typeof schema>> = {
  kind: "discord",
  summary: "Discord's webhooks.",
  schema,
  secret: "none",
  urlIsSecret: true,
  render(notice, _options, { links }) {
    const { title, details, mood } = sentenceOf(notice);
    const url = linkOf(notice, links);
    const embed = {
      title,
      ...(details !== "" && { description: escape(details) }),
      ...(url !== null && { url }),
      color: COLORS[mood],
      timestamp: notice.at,
    };
    // What a command printed must not call anybody.
    const body = { embeds: [embed], allowed_mentions: { parse: [] } };
    return { body: JSON.stringify(body), headers: JSON_TYPE };
  },
};

const escape = (text: string): string => text.replaceAll(/[\\*_~`|>#[\]()-]/g, "\\$&");
