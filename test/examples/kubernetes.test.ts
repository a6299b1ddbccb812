import { existsSync } from "node:fs";
import { join } from "node:path";
import * as Deployment from "kubernetes-models/_schemas/IoK8sApiAppsV1Deployment";
import * as StatefulSet from "kubernetes-models/_schemas/IoK8sApiAppsV1StatefulSet";
import * as Namespace from "kubernetes-models/_schemas/IoK8sApiCoreV1Namespace";
import * as Service from "kubernetes-models/_schemas/IoK8sApiCoreV1Service";
import * as PodDisruptionBudget from "kubernetes-models/_schemas/IoK8sApiPolicyV1PodDisruptionBudget";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { expectArguments, readText, readYaml, root, settingsProblems } from "./container-files.ts";

const FOLDER = "examples/kubernetes";

const kustomization = z.object({
  resources: z.array(z.string()),
  configMapGenerator: z.array(z.object({ name: z.string(), files: z.array(z.string()) })),
  images: z.array(z.object({ name: z.string() })),
});

/** By Kubernetes' published schemas. */
const VALIDATORS: Readonly<Record<string, (resource: unknown) => boolean>> = {
  Deployment: Deployment.validate,
  StatefulSet: StatefulSet.validate,
  Namespace: Namespace.validate,
  Service: Service.validate,
  PodDisruptionBudget: PodDisruptionBudget.validate,
};

const labels = z.record(z.string(), z.string());
const fromSecret = z.object({ secretKeyRef: z.object({ name: z.string(), key: z.string() }) });
const container = z.object({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()).default([]),
  env: z.array(z.object({ name: z.string(), valueFrom: fromSecret.optional() })).default([]),
  volumeMounts: z.array(z.object({ name: z.string() })).default([]),
  securityContext: z.object({ allowPrivilegeEscalation: z.literal(false) }),
});
const workload = z.object({
  kind: z.enum(["Deployment", "StatefulSet"]),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    replicas: z.number(),
    selector: z.object({ matchLabels: labels }),
    template: z.object({
      metadata: z.object({ labels }),
      spec: z.object({
        securityContext: z.object({ runAsNonRoot: z.literal(true) }),
        containers: z.array(container).length(1),
        volumes: z.array(z.object({ name: z.string() })).default([]),
      }),
    }),
    volumeClaimTemplates: z.array(z.object({ metadata: z.object({ name: z.string() }) })).default([]),
  }),
});
type Workload = z.infer<typeof workload>;
const kindOf = z.object({ kind: z.string() });
const service = z.object({ kind: z.literal("Service"), spec: z.object({ selector: labels }) });

describe("the manifests for Kubernetes", () => {
  let plan: z.infer<typeof kustomization>;
  let resources: readonly unknown[];
  let workloads: readonly Workload[];
  const replicasOf = (flag: string): number | undefined =>
    workloads.find(({ spec }) => containerOf(spec).args.includes(flag))?.spec.replicas;

  beforeAll(async () => {
    const [document] = await readYaml(`${FOLDER}/kustomization.yaml`);
    plan = kustomization.parse(document);
    const files = await Promise.all(plan.resources.map((name) => readYaml(`${FOLDER}/${name}`)));
    resources = files.flat();
    workloads = resources.flatMap((each) => workload.safeParse(each).data ?? []);
  });

  it("are what Kubernetes' schemas say, and a fault would be found", () => {
    expect(resources.filter((resource) => !validatorOf(resource)(resource))).toEqual([]);
    expect(workloads).toHaveLength(3);
    const first = resources.find((each) => kindOf.parse(each).kind === "Deployment");
    const wrong = { ...z.looseObject({}).parse(first), spec: { replicas: "two" } };
    expect(validatorOf(first)(wrong)).toBe(false);
  });

  it("have two receivers, three workers, one PostgreSQL", () => {
    expect(replicasOf("--receive")).toBe(2);
    expect(replicasOf("--work")).toBe(3);
    expect(workloads.find(({ metadata }) => metadata.name === "postgres")?.spec.replicas).toBe(1);
  });

  it("start with arguments that `hookwright` knows", async () => {
    const commands = workloads.map(({ spec }) => containerOf(spec).args).filter((args) => args.length > 0);
    expect(commands).toHaveLength(2);
    for (const args of commands) await expectArguments(args);
  });

  it("select their own pods, and mount what they declare", () => {
    const pods = workloads.map(({ spec }) => spec.template.metadata.labels);
    for (const { spec } of workloads) {
      expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
      const declared = [
        ...spec.template.spec.volumes.map(({ name }) => name),
        ...spec.volumeClaimTemplates.map(({ metadata }) => metadata.name),
      ];
      expect(declared.toSorted()).toEqual(
        containerOf(spec)
          .volumeMounts.map(({ name }) => name)
          .toSorted(),
      );
    }
    const services = resources.flatMap((each) => service.safeParse(each).data ?? []);
    expect(services).toHaveLength(3);
    for (const { spec } of services)
      expect(pods.filter((each) => includes(each, spec.selector))).toHaveLength(1);
  });

  it("take from the secret just what its command makes, and their settings are valid with it", async () => {
    const made = [...(await readText(`${FOLDER}/kustomization.yaml`)).matchAll(/--from-literal=([\w-]+)=/g)];
    const references = workloads.flatMap(({ spec }) =>
      containerOf(spec).env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []),
    );
    expect(new Set(references.map(({ key }) => key))).toEqual(new Set(made.map(([, key]) => key)));
    expect(new Set(references.map(({ name }) => name))).toEqual(new Set(["hookwright"]));
    for (const { spec } of workloads.filter((each) => containerOf(each.spec).image === "hookwright")) {
      const given = containerOf(spec).env.map(({ name }) => name);
      expect(await settingsProblems(`${FOLDER}/hookwright.yaml`, given)).toEqual([]);
    }
  });

  it("are all named by the kustomization, with the settings file", () => {
    expect(plan.configMapGenerator).toEqual([{ name: "hookwright", files: ["hookwright.yaml"] }]);
    expect(existsSync(join(root, FOLDER, "hookwright.yaml"))).toBe(true);
    expect(plan.images.map(({ name }) => name)).toEqual(["hookwright"]);
  });
});

function containerOf(spec: Workload["spec"]): z.infer<typeof container> {
  const [only] = spec.template.spec.containers;
  if (only === undefined) throw new Error("no container");
  return only;
}

function validatorOf(resource: unknown): (value: unknown) => boolean {
  const { kind } = kindOf.parse(resource);
  const validator = VALIDATORS[kind];
  if (validator === undefined) throw new Error(`no schema for ${kind}`);
  return validator;
}

const includes = (all: Readonly<Record<string, string>>, some: Readonly<Record<string, string>>): boolean =>
  Object.entries(some).every(([name, value]) => all[name] === value);
