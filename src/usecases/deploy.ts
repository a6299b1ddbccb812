import { createHash } from "node:crypto";
import { type AuditEntry, UNKNOWN } from "../domain/audit.ts";
import type { Delivery } from "../domain/delivery.ts";
import type { DeployApp, DeployProvider, NewDeploy } from "../domain/deploy.ts";
import { AppError } from "../domain/errors.ts";
import type { HookEvent } from "../domain/event.ts";
import { newId } from "../lib/ids.ts";
import { payloadBytes } from "../lib/json-body.ts";
import { DEPLOY_SOURCE, USER_HEADER } from "../sources/registry.ts";
import type { BoundSource, IncomingRequest } from "../sources/source.ts";
import { acceptEvent } from "./accept-event.ts";
import type { Deployed, DeployInput } from "./app.ts";
import { keptHeaders } from "./kept-headers.ts";
import type { Services } from "./services.ts";
import { settleTests, tasksWaitingFor, testsPassed, travisCheck } from "./travis-hold.ts";

/** See App.deploy. */
export function deploy(services: Services, input: DeployInput): Promise<Deployed> {
  return services.auditor.attempt(entryOf(input, null), () => takeDeploy(services, input));
}

/** Of a report without credentials the signature shows who sends it, once it is checked. */
const entryOf = ({ login, remoteAddress }: DeployInput, app: string | null): AuditEntry => ({
  asker: {
    by: login === null ? UNKNOWN : `user:${login.user}`,
    place: { way: "nodejitsu", address: remoteAddress },
  },
  action: "deploy",
  target: app === null ? null : `app:${app}`,
  details: app === null ? {} : { app },
});

async function takeDeploy(services: Services, input: DeployInput): Promise<Deployed> {
  const source = services.settings.current().sources[DEPLOY_SOURCE]?.source;
  if (source === undefined)
    throw new AppError("request:not_found", "The deploy API is off: the settings name no deploy.apps");
  const request = withUser(input);
  const fingerprint = await authenticate(services, source, request);
  if (isEmpty(request))
    throw new AppError("deploy:no_payload", "Send the payload of GitHub or Travis CI as the body");
  const described = source.describe(request);
  if (!described.ok) throw new AppError("deploy:provider:not_supported", described.reason);
  const { event } = described;
  const provider: DeployProvider = event.senderName === "travis" ? "travis" : "github";
  const commit = `${event.repository ?? ""}/${event.commit?.sha ?? ""}`;
  const app = findApp(services, input, event);
  const parts = { source, request, event, provider, commit, fingerprint, input };
  const waiting = provider === "travis" ? await tasksWaitingFor(services, commit) : [];
  if (waiting.length > 0) return report(services, { ...parts, app, waiting });
  // Whoever Travis reports to may deploy only what somebody with a password has asked for.
  if (input.login === null)
    throw new AppError("deploy:auth:bad_creds", `No deployment of ${commit} waits for its tests`);
  return accept(services, { ...parts, app });
}

/** Also a form whose field `payload` is empty, or not there. */
const isEmpty = ({ body, headers }: IncomingRequest): boolean =>
  (payloadBytes({ body, contentType: headers["content-type"] })?.length ?? 0) === 0;

/** Who has logged in, in place of whatever the request says. */
function withUser({ request, login }: DeployInput): IncomingRequest {
  const { [USER_HEADER]: _given, ...headers } = request.headers;
  if (login === null) return { ...request, headers };
  return { ...request, user: login.user, headers: { ...headers, [USER_HEADER]: login.user } };
}

async function authenticate(
  { publishedKeys, now }: Services,
  source: BoundSource,
  request: IncomingRequest,
): Promise<string> {
  const result =
    request.user === undefined && source.publicKeys !== null
      ? await publishedKeys.check(source.publicKeys, (keys) => source.authenticate(request, now(), keys))
      : source.authenticate(request, now());
  if (result.ok) return result.fingerprint;
  throw new AppError("deploy:auth:bad_creds", result.explanation);
}

/** The app that the event is of, if whoever asks may deploy it. Nobody learns here which apps there are. */
function findApp({ settings }: Services, { login }: DeployInput, { repository }: HookEvent): DeployApp {
  const found = settings
    .current()
    .deployApps.find((app) => app.repository.toLowerCase() === repository?.toLowerCase());
  const theirs = login === null || found?.users.includes(login.user) === true;
  const inScope =
    login?.apps === null || login === null || (found !== undefined && login.apps.includes(found.name));
  if (found !== undefined && theirs && inScope) return found;
  throw new AppError(
    "deploy:auth:bad_creds",
    `${login?.user ?? "Travis CI"} may not deploy ${repository ?? "this"}`,
  );
}

interface AcceptParts {
  readonly source: BoundSource;
  readonly request: IncomingRequest;
  readonly event: HookEvent;
  readonly provider: DeployProvider;
  readonly commit: string;
  readonly fingerprint: string;
  readonly input: DeployInput;
  readonly app: DeployApp;
}

async function accept(services: Services, parts: AcceptParts): Promise<Deployed> {
  const { event, provider, commit, request, input, app } = parts;
  const delivery = deliveryOf(services, parts);
  // A build that passed has been tested; a push may have to wait for that.
  const hold = provider === "github" ? travisCheck(delivery.receivedAt) : null;
  const deployOf = (started: boolean): NewDeploy => ({
    id: createHash("sha256").update(delivery.id).digest("hex").slice(0, 32),
    user: input.login?.user ?? "",
    app: app.name,
    uuid: input.uuid,
    provider,
    commit,
    ignored: !started,
    createdAt: delivery.receivedAt,
  });
  const stored = await acceptEvent(services, {
    delivery,
    body: request.body,
    fingerprint: null,
    event,
    hold,
    deploy: deployOf,
    audit: entryOf(input, app.name),
  });
  const { deliveryId, duplicate, tasks, reasons } = stored;
  return {
    deliveryId,
    duplicate,
    tasks,
    app: app.name,
    provider,
    commit,
    reasons: tasks.length === 0 ? reasons : [],
  };
}

/** What Travis says of a commit that waits for it; the report starts nothing of its own. */
async function report(
  services: Services,
  parts: AcceptParts & { readonly waiting: Awaited<ReturnType<typeof tasksWaitingFor>> },
): Promise<Deployed> {
  const { event, provider, commit, request, app, waiting, input } = parts;
  const delivery = deliveryOf(services, parts);
  const { deliveryId, duplicate } = await services.store.storeDelivery({
    delivery,
    body: request.body,
    fingerprint: null,
    fingerprintsSince: delivery.receivedAt,
    tasks: [],
  });
  const passed = testsPassed(event);
  const status = event.status ?? "nothing";
  if (passed !== null)
    for (const task of waiting)
      await settleTests(services, task, { passed, status, address: input.remoteAddress });
  const tasks = waiting.map(({ id, action, state, outcome }) => ({
    id,
    action,
    state,
    outcome,
    hold: null,
    note: null,
  }));
  return { deliveryId, duplicate, tasks, app: app.name, provider, commit, reasons: [] };
}

function deliveryOf(
  services: Services,
  { source, request, input }: Pick<AcceptParts, "source" | "request" | "input">,
): Delivery {
  return {
    id: newId(),
    source: source.name,
    kind: source.kind,
    senderId: source.senderId(request),
    event: source.eventName(request),
    headers: keptHeaders(services, { source, request, requestId: input.uuid }),
    contentType: request.headers["content-type"] ?? null,
    bodySize: request.body.length,
    verdict: "accepted",
    reason: null,
    replayOf: null,
    receivedAt: services.now().toISOString(),
    remoteAddress: input.remoteAddress,
  };
}
