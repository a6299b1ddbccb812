import { z } from "zod";
import type { HealthReport, HookEvent } from "../domain/event.ts";
import { parseJsonBody } from "../lib/json-body.ts";
import { at, textAt } from "../lib/pick.ts";
import { authenticateBasic } from "./common/basic.ts";
import { bareCommit, emptyEvent } from "./common/forge-event.ts";
import { authenticateToken, withoutBearer } from "./common/token.ts";
import { passUnsafe } from "./common/unsafe.ts";
import type { SourceKind } from "./source.ts";

/** https://argo-cd.readthedocs.io/en/stable/operator-manual/health/ */
const STATUSES = ["Healthy", "Degraded", "Progressing", "Suspended", "Missing", "Unknown"] as const;
type Status = (typeof STATUSES)[number];

/** A revision that is to leave for a shell or a git command somewhere must be nothing else. */
const REVISION = /^[0-9a-f]{7,64}$/;
/** The failed one is only reported; git abbreviates down to four digits. */
const FAILED_REVISION = /^[0-9a-f]{4,64}$/;
const MAX_APP_LENGTH = 253;

const schema = z.strictObject({
  token_header: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, "expected the name of a header")
    .transform((name) => name.toLowerCase())
    .prefault("authorization")
    .describe("Header that carries the secret, as it is or as `Bearer SECRET`."),
  username: z
    .string()
    .min(1)
    .optional()
    .describe("Take the secret by HTTP Basic instead: this user name, and the secret as the password."),
  max_rollbacks_per_hour: z
    .int()
    .min(0)
    .max(1_000)
    .default(3)
    .describe("Most rollbacks of one application within an hour; more are refused."),
  first_healthy_revision: z
    .string()
    .regex(REVISION, "expected a commit id of 7 to 64 hexadecimal digits")
    .optional()
    .describe("Where an application goes back to of which no healthy revision has been reported yet."),
});
type Options = z.output<typeof schema>;

/**
 * Argo CD's notifications (https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/services/webhook/). They
 * carry no signature, and a body that the installation's own template makes. Two are known: `{app, status, revision}`, and
 * `{event_type, client_payload: {failed_revision, healthy_revision}}`, the body of GitHub's repository_dispatch.
 */
export const argocd: SourceKind<Options> = {
  kind: "argocd",
  summary: "Argo CD notifications about an application's health, by a token in a header or HTTP Basic.",
  schema,
  defaultBodyLimit: 1024 * 1024,
  // The same report may come again on purpose: the app was healthy at the same revision in between.
  fingerprintIsUnique: () => false,
  keptHeaders: () => ["user-agent"],
  takesRoot: true,
  rollbackRules: ({ max_rollbacks_per_hour: maxPerHour, first_healthy_revision: firstHealthy = null }) => ({
    maxPerHour,
    firstHealthy,
  }),
  authenticate(request, credentials, options) {
    const unsafe = passUnsafe(request, credentials);
    if (unsafe !== null) return unsafe;
    const { token_header: header, username } = options;
    return username === undefined
      ? authenticateToken(request, { header, secrets: credentials.secrets, strip: withoutBearer })
      : authenticateBasic(request, credentials, username);
  },
  senderId: () => null,
  eventName: () => "health",
  describe({ headers, body }, source) {
    const parsed = parseJsonBody({ body, contentType: headers["content-type"] });
    if (!parsed.ok) return parsed;
    const payload = parsed.value;
    const report = isDispatch(payload) ? readDispatch(payload) : readStatus(payload);
    if (!report.ok) return report;
    const { status, action, health } = report;
    const event: HookEvent = {
      ...emptyEvent({ source, kind: "argocd", senderName: "health", payload }),
      name: "health",
      status,
      action,
      commit: bareCommit(health.revision),
      health,
    };
    return { ok: true, event };
  },
};

type Report =
  | {
      readonly ok: true;
      readonly status: Status;
      readonly action: string | null;
      readonly health: HealthReport;
    }
  | { readonly ok: false; readonly reason: string };

const isDispatch = (payload: unknown): boolean =>
  at(payload, "event_type") !== undefined || at(payload, "client_payload") !== undefined;

/** `{event_type, client_payload}`: always about a degraded application. */
function readDispatch(payload: unknown): Report {
  const action = textAt(payload, "event_type");
  if (action === null) return refuse("event_type is missing or empty");
  const failed = textAt(payload, "client_payload", "failed_revision");
  const healthy = textAt(payload, "client_payload", "healthy_revision");
  if (failed === null) return refuse("client_payload.failed_revision is missing or empty");
  if (!FAILED_REVISION.test(failed))
    return refuse(`client_payload.failed_revision is ${noRevision(failed, 4)}`);
  if (healthy !== null && !REVISION.test(healthy)) {
    return refuse(`client_payload.healthy_revision is ${noRevision(healthy, 7)}`);
  }
  const app = readApp(textAt(payload, "client_payload", "app"));
  if (!app.ok) return app;
  const health = { app: app.name, revision: failed, healthyRevision: healthy, refusal: null };
  return { ok: true, status: "Degraded", action, health };
}

/** `{app, status, revision}`. */
function readStatus(payload: unknown): Report {
  const name = textAt(payload, "app");
  const word = textAt(payload, "status");
  if (name === null || word === null || at(payload, "revision") === undefined) {
    return refuse(
      "The body is neither {app, status, revision} nor {event_type, client_payload: {failed_revision, healthy_revision}}",
    );
  }
  const app = readApp(name);
  if (!app.ok) return app;
  const status = STATUSES.find((known) => known === word);
  if (status === undefined) {
    return refuse(`status is ${JSON.stringify(short(word))}, which is none of ${STATUSES.join(", ")}`);
  }
  const text = textAt(payload, "revision") ?? "";
  const valid = REVISION.test(text);
  // What is neither remembered nor gone back from may have none: a missing application, a chart's version.
  if (!valid && (status === "Healthy" || status === "Degraded")) {
    return refuse(`revision is ${noRevision(text, 7)}`);
  }
  const health = { app: app.name, revision: valid ? text : null, healthyRevision: null, refusal: null };
  return { ok: true, status, action: null, health };
}

type AppName = { readonly ok: true; readonly name: string | null } | Extract<Report, { ok: false }>;

/** It stands in logs and answers. */
function readApp(name: string | null): AppName {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (name !== null && (name.length > MAX_APP_LENGTH || /[\u0000-\u001F\u007F]/.test(name))) {
    return refuse(
      `The application's name is longer than ${MAX_APP_LENGTH} characters, or has control characters`,
    );
  }
  return { ok: true, name };
}

const refuse = (reason: string): Extract<Report, { ok: false }> => ({ ok: false, reason });

const noRevision = (text: string, least: number): string =>
  `${JSON.stringify(short(text))}, not a commit id of ${least} to 64 lower-case hexadecimal digits`;

const short = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);
