import { z } from "zod";
import { EVENT_NAMES, type HookEvent } from "../domain/event.ts";
import { checkExpression, compileExpression } from "../lib/expressions.ts";
import { parseJsonBody } from "../lib/json-body.ts";
import { bodyDigest, tokenMatches } from "../lib/signatures.ts";
import { bareCommit, emptyEvent, refParts } from "./common/forge-event.ts";
import { authenticateHmac } from "./common/hmac.ts";
import { passUnsafe } from "./common/unsafe.ts";
import type { AuthResult, DescribeResult, IncomingRequest, SourceCredentials, SourceKind } from "./source.ts";

const FIELDS = [
  "name",
  "repository",
  "clone_url",
  "ref",
  "branch",
  "tag",
  "commit",
  "before",
  "status",
  "action",
  "sender",
  "paths",
] as const;
type Field = (typeof FIELDS)[number];

const header = z
  .string()
  .regex(/^[A-Za-z0-9-]+$/, "expected the name of a header")
  .transform((name) => name.toLowerCase());

const expression = z.string().superRefine((text, context) => {
  const problem = checkExpression(text, ["payload", "headers"]);
  if (problem !== null) context.addIssue({ code: "custom", message: problem });
});

const schema = z.strictObject({
  header: header.prefault("x-hub-signature-256").describe("Header that carries the signature."),
  algorithm: z.enum(["sha256", "sha1", "sha512"]).default("sha256").describe("HMAC over the raw body."),
  encoding: z.enum(["hex", "base64"]).default("hex").describe("How the signature is written."),
  prefix: z.string().optional().describe("What stands before the signature. Default: the algorithm and `=`."),
  token_header: header.optional().describe("Header that carries the secret itself, instead of a signature."),
  id_header: header
    .optional()
    .describe("Header with the sender's delivery id, by which a repetition is noticed."),
  event_header: header.optional().describe("Header with the name of the event."),
  fields: z
    .partialRecord(z.enum(FIELDS), expression)
    .default({})
    .describe("Field of the event → CEL over `payload` and `headers`, such as `branch: payload.branch`."),
});
type Options = z.output<typeof schema>;

/** Any sender that signs the raw body with an HMAC, or sends a secret token in a header. */
export const generic: SourceKind<Options> = {
  kind: "generic",
  summary: "Any sender of JSON that signs with an HMAC or sends a token.",
  schema,
  defaultBodyLimit: 5 * 1024 * 1024,
  // Some senders repeat the very same body on purpose; only an id tells a repetition.
  fingerprintIsUnique: false,
  keptHeaders: ["user-agent"],
  authenticate(request, credentials, options) {
    const { header: name, algorithm, encoding, token_header: tokenHeader } = options;
    const unsafe = passUnsafe(request, credentials);
    if (unsafe !== null) return unsafe;
    if (tokenHeader !== undefined) return checkToken(request, credentials, tokenHeader);
    const prefix = options.prefix ?? `${algorithm}=`;
    return authenticateHmac(request, credentials, { header: name, prefix, algorithm, encoding });
  },
  senderId: ({ headers }, { id_header: name }) => (name === undefined ? null : (headers[name] ?? null)),
  eventName: ({ headers }, { event_header: name }) =>
    (name === undefined ? undefined : headers[name]) ?? "webhook",
  describe(request, source, options) {
    const parsed = parseJsonBody({ body: request.body, contentType: request.headers["content-type"] });
    if (!parsed.ok) return parsed;
    return describe({ request, source, options, payload: parsed.value });
  },
};

function checkToken(
  { headers, body }: IncomingRequest,
  { secrets }: SourceCredentials,
  name: string,
): AuthResult {
  const token = headers[name]?.replace(/^Bearer /i, "") ?? "";
  if (token === "") {
    return { ok: false, code: "signature:missing", explanation: `The header ${name} is missing or empty` };
  }
  if (!tokenMatches(secrets, token)) {
    return {
      ok: false,
      code: "signature:invalid",
      explanation: `The token in ${name} is none of the live secrets`,
    };
  }
  return { ok: true, fingerprint: bodyDigest(body) };
}

interface DescribeInput {
  readonly request: IncomingRequest;
  readonly source: string;
  readonly options: Options;
  readonly payload: unknown;
}

function describe({ request, source, options, payload }: DescribeInput): DescribeResult {
  const senderName = generic.eventName(request, options);
  const vars = { payload, headers: request.headers };
  const failures: string[] = [];
  const read = (field: Field): unknown => {
    const text = options.fields[field];
    if (text === undefined) return null;
    try {
      return compileExpression(text).evaluate(vars);
    } catch (error) {
      failures.push(`fields.${field}: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  };
  const event = eventFrom(emptyEvent({ source, kind: "generic", senderName, payload }), read);
  // Without its own fields the event could start the wrong thing, or nothing, without anybody seeing why.
  return failures.length > 0 ? { ok: false, reason: failures.join("; ") } : { ok: true, event };
}

function eventFrom(frame: HookEvent, read: (field: Field) => unknown): HookEvent {
  const text = (field: Field): string | null => {
    const value = read(field);
    return typeof value === "string" || typeof value === "number" ? String(value) : null;
  };
  const ref = refParts(text("ref"));
  const paths = read("paths");
  const named = text("name") ?? frame.senderName;
  return {
    ...frame,
    ...ref,
    name: EVENT_NAMES.find((name) => name === named) ?? "other",
    branch: text("branch") ?? ref.branch,
    tag: text("tag") ?? ref.tag,
    repository: text("repository"),
    cloneUrl: text("clone_url"),
    commit: bareCommit(text("commit")),
    before: text("before"),
    status: text("status"),
    action: text("action"),
    sender: text("sender"),
    paths: Array.isArray(paths) ? paths.filter((path) => typeof path === "string").toSorted() : null,
  };
}
