import { readFile } from "node:fs/promises";
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

/** What Flux reconciles, and where Kubernetes keeps it: https://fluxcd.io/flux/components/ */
const KINDS = {
  Kustomization: ["kustomize.toolkit.fluxcd.io/v1", "kustomizations"],
  HelmRelease: ["helm.toolkit.fluxcd.io/v2", "helmreleases"],
  GitRepository: ["source.toolkit.fluxcd.io/v1", "gitrepositories"],
  OCIRepository: ["source.toolkit.fluxcd.io/v1", "ocirepositories"],
  HelmRepository: ["source.toolkit.fluxcd.io/v1", "helmrepositories"],
  HelmChart: ["source.toolkit.fluxcd.io/v1", "helmcharts"],
  Bucket: ["source.toolkit.fluxcd.io/v1", "buckets"],
} as const;
type Kind = keyof typeof KINDS;

/** Where a pod finds what it may be at its own cluster: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

const objectName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

const schema = z.strictObject({
  kind: z
    .enum([
      "Kustomization",
      "HelmRelease",
      "GitRepository",
      "OCIRepository",
      "HelmRepository",
      "HelmChart",
      "Bucket",
    ] satisfies Kind[])
    .describe("Kind of the object."),
  name: z.string().min(1).describe("Its name. May hold `${{ }}`."),
  namespace: z.string().regex(objectName).default("flux-system").describe("Its namespace; no template."),
  api_version: z
    .string()
    .regex(/^[a-z0-9.]+\/v[a-z0-9]+$/, "expected one such as source.toolkit.fluxcd.io/v1beta2")
    .optional()
    .describe("For another version of Flux. Default: that of its current one."),
  server: apiUrl()
    .optional()
    .describe("Of the Kubernetes API. Default: within a pod, that of its own cluster."),
  token: token().optional().describe("Of an account that may `get` and `patch` the object."),
  token_file: z
    .string()
    .min(1)
    .default(`${ACCOUNT}/token`)
    .describe("Without `token`: the file that holds it."),
  ca_file: z
    .string()
    .min(1)
    .default(`${ACCOUNT}/ca.crt`)
    .describe(
      "Certificate (PEM) that the API's must be signed by. Without that file: those that the machine trusts.",
    ),
  ...waiting,
});

type FluxOptions = z.infer<typeof schema>;

/** `flux: { kind: Kustomization, name: web }`: has Flux reconcile an object now. Outputs, with `wait`: `revision`. */
export const fluxKind: StepKind<FluxOptions> = {
  kind: "flux",
  summary: "Has Flux reconcile an object now, and waits until it is ready if asked to",
  schema,
  render: (options, render) => ({ ...options, name: render(options.name) }),
  title: ({ kind, name, namespace }) => `reconcile ${kind} ${namespace}/${name}`,
  async run(options, context) {
    if (!objectName.test(options.name))
      throw apiFailure(`${JSON.stringify(options.name)} can't name an object`);
    const api = await openApi(options, context);
    const requested = context.now().toISOString();
    await annotate(api, requested);
    context.log(`Flux is asked to reconcile ${options.kind} ${options.name}`);
    if (!options.wait) return { exitCode: 0 };
    return { exitCode: 0, outputs: { revision: await waitFor(api, { options, requested, context }) } };
  },
};

interface KubernetesApi {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly caller: Parameters<typeof callForStep>[1];
}

async function openApi(options: FluxOptions, context: StepContext): Promise<KubernetesApi> {
  const { kind, name, namespace, api_version: given, token: secret, token_file: file } = options;
  const [version, plural] = KINDS[kind];
  const [group = "", part = ""] = (given ?? version).split("/");
  const server = options.server ?? ownCluster();
  const certificate = await readFile(options.ca_file, "utf8").catch(() => null);
  const bearer = secret ?? (await readToken(file));
  return {
    url: join(server, "apis", group, part, "namespaces", namespace, plural, name),
    headers: { authorization: `Bearer ${bearer}` },
    caller: {
      signal: context.signal,
      log: (text) => context.log(text),
      fetch: certificate === null ? context.fetch : context.fetchTrusting(certificate),
    },
  };
}

function ownCluster(): string {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = process.env;
  if (host === undefined) throw apiFailure("This is no pod of Kubernetes; name the server in the settings");
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Read each time: Kubernetes renews it. */
async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (cause) {
    throw apiFailure(`There is no token for Kubernetes: ${file} can't be read`, cause);
  }
}

const HINTS = {
  401: "The token is wrong or expired",
  403: "The token's account may not do this: it needs get and patch on the object",
  404: "There is no such object, or Flux is of another version: see api_version",
};

async function annotate({ url, headers, caller }: KubernetesApi, at: string): Promise<void> {
  await callForStep(
    {
      name: "Kubernetes",
      method: "PATCH",
      url: `${url}?fieldManager=hookwright`,
      headers: { ...headers, "content-type": "application/merge-patch+json" },
      body: { metadata: { annotations: { "reconcile.fluxcd.io/requestedAt": at } } },
      hints: HINTS,
    },
    caller,
  );
}

const objectSchema = z.object({
  status: z
    .object({
      lastHandledReconcileAt: z.string().optional(),
      lastAppliedRevision: z.string().optional(),
      lastAttemptedRevision: z.string().optional(),
      artifact: z.object({ revision: z.string().optional() }).optional(),
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), message: z.string().default("") }))
        .default([]),
    })
    .default({ conditions: [] }),
});

interface WaitInput {
  readonly options: FluxOptions;
  readonly requested: string;
  readonly context: StepContext;
}

/** Flux copies the annotation into the status once it has dealt with it. */
function waitFor(api: KubernetesApi, { options, requested, context }: WaitInput): Promise<string> {
  const what = `${options.kind} ${options.name} to be ready`;
  return pollUntil(context, { what, ...options }, async () => {
    const call = {
      name: "Kubernetes",
      method: "GET",
      url: api.url,
      headers: api.headers,
      hints: HINTS,
    } as const;
    const { status } = readAnswer("Kubernetes", objectSchema, await callForStep(call, api.caller));
    if (status.lastHandledReconcileAt !== requested) return null;
    const ready = status.conditions.find(({ type }) => type === "Ready");
    if (ready?.status === "False")
      throw apiFailure(`${options.kind} ${options.name} is not ready: ${ready.message}`);
    if (ready?.status !== "True") return null;
    return status.lastAppliedRevision ?? status.lastAttemptedRevision ?? status.artifact?.revision ?? "";
  });
}
