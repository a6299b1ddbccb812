import { z } from "zod";
import { formatDuration } from "../lib/duration.ts";
import { parseJsonBody } from "../lib/json-body.ts";
import { createNetworks, isNetwork } from "../lib/networks.ts";
import { authenticateBasic } from "./common/basic.ts";
import { emptyEvent } from "./common/forge-event.ts";
import { headerOf } from "./common/headers.ts";
import { authenticateHmac } from "./common/hmac.ts";
import { mapEvent, mappedFields } from "./common/mapped-event.ts";
import { expired, missing } from "./common/results.ts";
import { hasTouching, mentions, signedBytes, signedTemplate } from "./common/signed-bytes.ts";
import { isRecent, timeFormat, timeWindow, type TimeFormat } from "./common/time-window.ts";
import { authenticateToken, withoutBearer } from "./common/token.ts";
import { passUnsafe } from "./common/unsafe.ts";
import {
  storedHeaders,
  type AuthResult,
  type IncomingRequest,
  type SourceCredentials,
  type SourceKind,
} from "./source.ts";

const header = z
  .string()
  .regex(/^\??[A-Za-z0-9_-]+$/, "expected the name of a header, or ?name for a parameter of the URL's query")
  .transform((name) => (name.startsWith("?") ? name : name.toLowerCase()));

export const DEFAULT_HEADER = "x-hub-signature-256";
/** They carry secrets whatever the sender. */
const SECRET_HEADERS = ["authorization", "proxy-authorization", "cookie"];

interface ConflictInput {
  readonly header?: string | undefined;
  readonly token_header?: string | undefined;
  readonly proxies?: object | undefined;
  readonly username?: string | undefined;
  readonly signed: string;
  readonly timestamp_header?: string | undefined;
  readonly timestamp_format: TimeFormat;
  readonly id_header?: string | undefined;
}

const schema = z
  .strictObject({
    header: header.optional().describe("Header that carries the signature. Default: `X-Hub-Signature-256`."),
    algorithm: z.enum(["sha256", "sha1", "sha512"]).default("sha256").describe("HMAC over the raw body."),
    encoding: z.enum(["hex", "base64"]).default("hex").describe("How the signature is written."),
    prefix: z
      .string()
      .optional()
      .describe("What stands before the signature. Default: the algorithm and `=`."),
    token_header: header
      .optional()
      .describe(
        "Header that carries the secret itself, instead of a signature, with or without `Bearer` before it.",
      ),
    proxies: z
      .array(z.string().refine(isNetwork, "expected a network such as 10.0.0.0/8, or an address"))
      .min(1)
      .transform(createNetworks)
      .optional()
      .describe(
        "Networks of the proxies that write `token_header`, such as one that has checked a client certificate and says whose it is. A request whose connection comes from elsewhere is refused, whatever it says.",
      ),
    username: z
      .string()
      .min(1)
      .optional()
      .describe("Take the secret by HTTP Basic instead: this user name, and the secret as the password."),
    signed: signedTemplate
      .default("{body}")
      .describe("The signed bytes, of `{id}`, `{timestamp}` and `{body}`, such as `{timestamp}.{body}`."),
    timestamp_header: header
      .optional()
      .describe("Header with the signed time; needs `{timestamp}` in `signed`."),
    timestamp_format: timeFormat
      .default("unix")
      .describe("`unix`: seconds since 1970. `date`: such as `Fri, 08 Sep 2017 11:24:32 GMT`."),
    window: timeWindow,
    repeats: z
      .boolean()
      .default(false)
      .describe(
        "The sender sends the very same signed bytes again on purpose. Then only `id_header` tells a repetition, which anybody who has seen a webhook could change.",
      ),
    id_header: header
      .optional()
      .describe("Header with the sender's delivery id, by which a repetition is noticed."),
    event_header: header.optional().describe("Header with the name of the event."),
    keep_headers: z
      .array(header)
      .default([])
      .describe(
        "Further headers that are stored, and that expressions may read; `?name` is a parameter of the URL's query.",
      ),
    fields: mappedFields
      .default({})
      .describe("Field of the event → CEL over `payload` and `headers`, such as `branch: payload.branch`."),
  })
  .superRefine((options, context) => {
    const { token_header: token, header: signature, keep_headers: kept } = options;
    for (const [key, message] of conflicts(options)) {
      context.addIssue({ code: "custom", path: [key], message });
    }
    const secret = new Set([...SECRET_HEADERS, token ?? signature ?? DEFAULT_HEADER]);
    for (const [key, name] of [
      ...kept.map((each, index) => [["keep_headers", index], each] as const),
      [["id_header"], options.id_header] as const,
      [["event_header"], options.event_header] as const,
    ]) {
      if (name === undefined || !secret.has(name)) continue;
      context.addIssue({ code: "custom", path: [...key], message: `${name} is a secret and is not stored` });
    }
  });
type Options = z.output<typeof schema>;

const NOT_BY_PROXY = "The connection comes from none of the source's proxies, so its headers prove nothing";

/** What would be left unchecked, or could not be. */
function conflicts(options: ConflictInput): readonly (readonly [key: string, message: string])[] {
  const { token_header: token, header: signature, username, signed, timestamp_header: time } = options;
  const found: (readonly [string, string])[] = [];
  const exclude = "exclude each other: only one of them would be checked";
  if (token !== undefined && signature !== undefined) {
    found.push(["token_header", `header and token_header ${exclude}`]);
  }
  if (username !== undefined && (token ?? signature) !== undefined) {
    found.push(["username", `username and ${token === undefined ? "header" : "token_header"} ${exclude}`]);
  }
  if (options.proxies !== undefined && token === undefined) {
    found.push(["proxies", "proxies are of use with token_header only; allow_from is for senders"]);
  }
  if ((token ?? username) !== undefined && (signed !== "{body}" || time !== undefined)) {
    found.push(["signed", "nothing is signed where the secret itself is sent"]);
  } else if (mentions(signed, "timestamp") !== (time !== undefined)) {
    found.push(["timestamp_header", "timestamp_header and {timestamp} in signed need each other"]);
  }
  // A date has a form of its own, so that it is certain where it begins.
  if (hasTouching(signed) && !(options.timestamp_format === "date" && signed.endsWith("{body}{timestamp}"))) {
    found.push(["signed", "expected something between two values, such as a dot"]);
  }
  if (mentions(signed, "id") && options.id_header === undefined) {
    found.push(["signed", "{id} needs an id_header"]);
  }
  return found;
}

const keptHeaders = (options: Options): readonly string[] => [
  ...new Set(
    ["user-agent", options.id_header, options.event_header, ...options.keep_headers].filter(
      (name) => name !== undefined,
    ),
  ),
];

/** Any sender that signs the raw body with an HMAC, or sends a secret token in a header. */
export const generic: SourceKind<Options> = {
  kind: "generic",
  summary: "Any sender of JSON that signs with an HMAC or sends a token.",
  schema,
  defaultBodyLimit: 5 * 1024 * 1024,
  // A signed id tells repetitions itself; a secret that is sent along signs nothing, and whoever has seen it needs no replay.
  fingerprintIsUnique: ({ signed, token_header: token, username, repeats }, { secrets }) =>
    !repeats && secrets.length > 0 && (token ?? username) === undefined && !mentions(signed, "id"),
  keptHeaders,
  authenticate(request, credentials, options, now) {
    const { token_header: tokenHeader, proxies, username } = options;
    const unsafe = passUnsafe(request, credentials);
    if (unsafe !== null) return unsafe;
    if (proxies?.has(request.peer ?? "") === false) return missing(NOT_BY_PROXY);
    if (username !== undefined) return authenticateBasic(request, credentials, username);
    if (tokenHeader !== undefined) {
      const secrets = credentials.secrets.map(withoutBearer);
      return authenticateToken(request, { header: tokenHeader, secrets, strip: withoutBearer });
    }
    return authenticateSignature(request, credentials, { options, now });
  },
  senderId: (request, { id_header: name }) => (name === undefined ? null : headerOf(request, name)),
  eventName: (request, { event_header: name }) =>
    (name === undefined ? null : headerOf(request, name)) ?? "webhook",
  describe(request, source, options) {
    const parsed = parseJsonBody({ body: request.body, contentType: request.headers["content-type"] });
    if (!parsed.ok) return parsed;
    const payload = parsed.value;
    const senderName = generic.eventName(request, options);
    const frame = emptyEvent({ source, kind: "generic", senderName, payload });
    const headers = storedHeaders(request.headers, [...keptHeaders(options), "content-type"]);
    return mapEvent({ frame, fields: options.fields, vars: { payload, headers } });
  },
};

/** A signature over the body, or over what `signed` says; then its time, so that nobody without a key learns what our clock says. */
function authenticateSignature(
  request: IncomingRequest,
  credentials: SourceCredentials,
  { options, now }: { readonly options: Options; readonly now: Date },
): AuthResult {
  const { header: name = DEFAULT_HEADER, algorithm, encoding, id_header: idHeader } = options;
  const {
    signed: template,
    timestamp_header: timeHeader,
    timestamp_format: timeAs,
    window: windowMs,
  } = options;
  const id = idHeader === undefined ? null : headerOf(request, idHeader);
  const timestamp = timeHeader === undefined ? null : headerOf(request, timeHeader);
  const bytes = signedBytes(template, { id, timestamp, body: request.body });
  if (bytes === null) {
    return missing(
      `One of the headers ${[idHeader, timeHeader].filter(Boolean).join(" and ")} is missing or empty`,
    );
  }
  const prefix = options.prefix ?? `${algorithm}=`;
  const format = { header: name, prefix, algorithm, encoding, signed: () => bytes };
  const result = authenticateHmac(request, credentials, format);
  if (!result.ok || timestamp === null || isRecent(timestamp, { now, windowMs, format: timeAs }))
    return result;
  return expired(
    `The time in ${timeHeader ?? ""} is more than ${formatDuration(windowMs)} from this server's`,
  );
}
