import { z } from "zod";
import { linkOf } from "../link-of.ts";
import { JSON_TYPE, type EndpointKind } from "../kind.ts";
import { sentenceOf } from "../sentence.ts";

const schema = z.strictObject({});

const COLORS = { good: "good", bad: "attention", neutral: "default" } as const;

/**
 * Microsoft Teams, by a workflow that waits for a webhook: an adaptive card
 * (https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using).
 */
export const teams: EndpointKind<z.output<typeof schema>> = {
  kind: "teams",
  summary: "Microsoft Teams, by its workflows' webhooks.",
  schema,
  secret: "none",
  urlIsSecret: true,
  render(notice, _options, { links }) {
    const { title, details, mood } = sentenceOf(notice);
    const url = linkOf(notice, links);
    const text = (words: string, rest: object) => ({
      type: "TextBlock",
      text: escape(words),
      wrap: true,
      ...rest,
    });
    const card = {
      $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
      type: "AdaptiveCard",
      version: "1.4",
      body: [
        text(title, { weight: "bolder", size: "medium", color: COLORS[mood] }),
        ...(details === "" ? [] : [text(details, {})]),
      ],
      ...(url !== null && { actions: [{ type: "Action.OpenUrl", title: "Details", url }] }),
    };
    const attachment = { contentType: "application/vnd.microsoft.card.adaptive", content: card };
    return { body: JSON.stringify({ type: "message", attachments: [attachment] }), headers: JSON_TYPE };
  },
};

/** Cards read Markdown. */
const escape = (text: string): string => text.replaceAll(/[\\*_[\]()#`-]/g, "\\$&");
