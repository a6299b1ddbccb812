import { z } from "zod";
import {
  apiFailure,
  apiUrl,
  callForStep,
  join,
  pollUntil,
  readAnswer,
  token,
  waiting,
} from "./common/api.ts";
import type { StepContext, StepKind } from "./step.ts";

const NAME = "Argo CD";
/** Of a Kubernetes object. */
const objectName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

const schema = z
  .strictObject({
    server: apiUrl().describe("Argo CD's address, such as https://argocd.example.com; no template."),
    token: token().describe("Of an account that may `get` and `sync` the application."),
    app: z.string().min(1).describe("Name of the application. May hold `${{ }}`."),
    app_namespace: z.string().regex(objectName).optional().describe("Where it is not Argo CD's own."),
    project: z.string().regex(objectName).optional().describe("Refuse it if the application is of another."),
    rollback: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Go back to this: a revision (7 to 64 hexadecimal digits) or an id of the application's history. Auto-sync must be off. May hold `${{ }}`.",
      ),
    sync: z
      .string()
      .min(1)
      .optional()
      .describe("Instead: sync to this revision, or to `HEAD`, the newest. May hold `${{ }}`."),
    prune: z.boolean().default(false).describe("Also delete what is not in that revision."),
    ...waiting,
  })
  .refine(({ rollback, sync }) => (rollback === undefined) !== (sync === undefined), {
    error: "expected either rollback or sync",
  });

type ArgocdOptions = z.infer<typeof schema>;

/**
 * `argocd: { server: https://argocd.example.com, token: "${ARGOCD_TOKEN}", app: web, rollback: "${{ params.healthy_revision }}" }`:
 * rolls an application back, or syncs it. Outputs: `revision`, and with `wait` `health`.
 */
export const argocdKind: StepKind<ArgocdOptions> = {
  kind: "argocd",
  summary: "Rolls an application of Argo CD back, or syncs it, and waits until it is healthy if asked to",
  schema,
  render: (options, render) => ({
    ...options,
    app: render(options.app),
    ...(options.rollback === undefined ? {} : { rollback: render(options.rollback) }),
    ...(options.sync === undefined ? {} : { sync: render(options.sync) }),
  }),
  title: ({ app, rollback, sync }) =>
    rollback === undefined ? `sync ${app} to ${sync ?? ""}` : `roll ${app} back to ${rollback}`,
  async run(options, context) {
    if (!objectName.test(options.app)) {
      throw apiFailure(`${JSON.stringify(options.app)} can't name an application`);
    }
    const revision = await (options.rollback === undefined
      ? syncTo(options, options.sync ?? "", context)
      : rollBack(options, options.rollback, context));
    if (!options.wait) return { exitCode: 0, outputs: { revision } };
    const health = await waitFor(options, revision, context);
    return { exitCode: 0, outputs: { revision, health } };
  },
};

/** Where its API keeps it: https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/ */
function urlOf({ server, app, app_namespace: namespace, project }: ArgocdOptions, ...verb: string[]): string {
  const url = new URL(join(server, "api", "v1", "applications", app, ...verb));
  if (verb.length > 0) return url.href;
  if (namespace !== undefined) url.searchParams.set("appNamespace", namespace);
  if (project !== undefined) url.searchParams.set("project", project);
  return url.href;
}

const HINTS = {
  401: "The token is wrong or expired",
  403: "There is no such application, or the token's account may not get and sync it",
  404: "There is no such application",
};

const headersOf = ({ token: secret }: ArgocdOptions) => ({ authorization: `Bearer ${secret}` });

const applicationSchema = z.object({
  metadata: z.object({ resourceVersion: z.string().optional() }).optional(),
  operation: z.unknown().optional(),
  status: z
    .object({
      health: z.object({ status: z.string() }).optional(),
      sync: z.object({ status: z.string(), revision: z.string().optional() }).optional(),
      history: z.array(z.object({ id: z.int().default(0), revision: z.string().default("") })).nullish(),
      operationState: z
        .object({
          phase: z.string(),
          message: z.string().default(""),
          startedAt: z.string().default(""),
          syncResult: z.object({ revision: z.string().default("") }).nullish(),
        })
        .optional(),
    })
    .default({}),
});
type Application = z.infer<typeof applicationSchema>;

async function look(options: ArgocdOptions, context: StepContext): Promise<Application> {
  const call = {
    name: NAME,
    method: "GET",
    url: urlOf(options),
    headers: headersOf(options),
    hints: HINTS,
  } as const;
  return readAnswer(NAME, applicationSchema, await callForStep(call, context));
}

/** Sent once: a second one would be refused because the first is under way, or would come after its end. */
async function act(
  options: ArgocdOptions,
  { verb, body }: { readonly verb: "rollback" | "sync"; readonly body: object },
  context: StepContext,
): Promise<void> {
  const { app: name, app_namespace: appNamespace, project, prune } = options;
  await callForStep(
    {
      name: NAME,
      method: "POST",
      url: urlOf(options, verb),
      headers: headersOf(options),
      body: { name, appNamespace, project, prune, ...body },
      repeatable: false,
      hints: { ...HINTS, 400: "With auto-sync on, Argo CD only follows Git: revert the repository instead" },
    },
    context,
  );
}

async function syncTo(options: ArgocdOptions, revision: string, context: StepContext): Promise<string> {
  if (revision !== "HEAD" && !isRevision(revision)) {
    throw apiFailure(`${JSON.stringify(revision)} is no revision of 7 to 64 hexadecimal digits, nor HEAD`);
  }
  await act(options, { verb: "sync", body: revision === "HEAD" ? {} : { revision } }, context);
  context.log(`${NAME} syncs ${options.app} to ${revision}`);
  return revision;
}

const isRevision = (text: string): boolean => /^[0-9a-f]{7,64}$/.test(text);

async function rollBack(options: ArgocdOptions, to: string, context: StepContext): Promise<string> {
  const { history } = (await look(options, context)).status;
  const entry = findEntry(history ?? [], to);
  if (entry === undefined) {
    const known = (history ?? []).map(({ id, revision }) => `${id} (${revision.slice(0, 12)})`).join(", ");
    throw apiFailure(
      `The history of ${options.app} has no ${to}; it has ${known === "" ? "nothing" : known}`,
    );
  }
  await act(options, { verb: "rollback", body: { id: entry.id } }, context);
  context.log(`${NAME} rolls ${options.app} back to ${entry.revision}, number ${entry.id} of its history`);
  return entry.revision;
}

type History = readonly { readonly id: number; readonly revision: string }[];

/** The newest of that revision. A short number is an id: seven digits are a revision before they are that. */
function findEntry(history: History, to: string): History[number] | undefined {
  if (isRevision(to)) {
    const found = history.findLast(({ revision }) => revision.startsWith(to));
    if (found !== undefined) return found;
  }
  return history.find(({ id }) => String(id) === to);
}

/** Resolves when the operation has ended well, the application is at the revision, and healthy. */
async function waitFor(options: ArgocdOptions, revision: string, context: StepContext): Promise<string> {
  const { app } = options;
  return pollUntil(context, { what: `${app} to be healthy`, ...options }, async () => {
    const { operation, status } = await look(options, context);
    const state = status.operationState;
    if (operation !== undefined && operation !== null) return null;
    if (state === undefined || state.phase === "Running" || state.phase === "Terminating") return null;
    if (state.phase !== "Succeeded") {
      throw apiFailure(`${NAME} could not bring ${app} to ${revision}: ${state.phase}: ${state.message}`);
    }
    const at = state.syncResult?.revision ?? "";
    if (revision !== "HEAD" && !at.startsWith(revision)) return null;
    const health = status.health?.status ?? "Unknown";
    if (health === "Degraded") throw apiFailure(`${app} is Degraded at ${at}`);
    return health === "Healthy" ? health : null;
  });
}
