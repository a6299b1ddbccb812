import { z } from "zod";
import { compileTemplate } from "../../lib/expressions.ts";
import type { Notice } from "../../domain/notice.ts";
import { hmacHex } from "../hmac.ts";
import { secretInTurn, type EndpointKind, type RenderContext } from "../kind.ts";
import { noticeData } from "../notice-data.ts";
import { sentenceOf } from "../sentence.ts";

const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const headerName = z.string().regex(HEADER, "expected the name of a header");
/** What the connection itself, or this server, has to say. */
const RESERVED = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "upgrade",
  "expect",
  "te",
  "trailer",
]);

const schema = z.strictObject({
  method: z.enum(["POST", "PUT", "PATCH"]).default("POST").describe("HTTP method."),
  template: z
    .json()
    .optional()
    .describe(
      "The body: a map or list is sent as JSON, a text as it is. Texts may hold `${{ }}`. Default: what standard-webhooks sends.",
    ),
  content_type: z
    .string()
    .min(1)
    .optional()
    .describe("Default: application/json, or text/plain for a template that is a text."),
  headers: z
    .record(
      headerName.refine((name) => !RESERVED.has(name.toLowerCase()), { error: "this header can't be set" }),
      z.string(),
    )
    .default({})
    .describe("Further headers. Values may hold `${{ }}`."),
  signature_header: headerName
    .default("x-signature-256")
    .describe("Header for the HMAC-SHA256 of the body in hex, where there is a secret."),
  signature_prefix: z.string().default("sha256=").describe("What stands before the hex there."),
});
type Options = z.output<typeof schema>;

/** Anything else: method, headers and body as the settings say. */
export const generic: EndpointKind<Options> = {
  kind: "generic",
  summary: "Anything else, by a template.",
  schema,
  secret: "optional",
  templates: ({ template, headers }) => ({ template: textsIn(template), headers: Object.values(headers) }),
  variables: ["notice", "task", "delivery", "correlation", "url"],
  method: ({ method }) => method,
  render(notice, { template, content_type: contentType, headers }, context) {
    const variables = variablesOf(notice, context);
    const fill = (text: string): string => compileTemplate(text)(variables);
    const body = template === undefined ? noticeData(notice, context.links) : fillAll(template, fill);
    const isText = typeof body === "string";
    const own: Record<string, string> = {};
    for (const [name, value] of Object.entries(headers)) own[name.toLowerCase()] = oneLine(fill(value));
    return {
      body: isText ? body : JSON.stringify(body),
      headers: {
        "content-type": contentType ?? (isText ? "text/plain; charset=utf-8" : "application/json"),
        ...own,
      },
    };
  },
  sign: ({ body, attempt }, secrets, { signature_header: header, signature_prefix: prefix }) => ({
    [header.toLowerCase()]: `${prefix}${hmacHex(secretInTurn(secrets, attempt) ?? "", body)}`,
  }),
};

function variablesOf(notice: Notice, { links }: RenderContext): Readonly<Record<string, unknown>> {
  const { data, type, timestamp } = noticeData(notice, links);
  const { title, details, mood } = sentenceOf(notice);
  const { task = null, delivery = null, correlation = {}, url = null } = dataSchema.parse(data);
  return {
    notice: { id: notice.id, type, timestamp, title, details, mood, failures: notice.failures },
    task,
    delivery,
    correlation,
    url,
  };
}

const dataSchema = z.looseObject({
  task: z.unknown().optional(),
  delivery: z.unknown().optional(),
  correlation: z.unknown().optional(),
  url: z.unknown().optional(),
});

type Json = z.infer<ReturnType<typeof z.json>>;

function fillAll(value: Json, fill: (text: string) => string): Json {
  if (typeof value === "string") return fill(value);
  if (Array.isArray(value)) return value.map((item) => fillAll(item, fill));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillAll(item, fill)]));
}

function textsIn(value: Json | undefined): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

/** A header that what a sender wrote goes into can't begin another one. */
const oneLine = (text: string): string => text.replaceAll(/[^\t\u0020-\u007e]+/g, " ");
