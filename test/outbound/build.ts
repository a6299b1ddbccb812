import type { Notice } from "../../src/domain/notice.ts";
import type { StepRun, Task } from "../../src/domain/task.ts";
import { bindEndpoint, type Endpoint, type EndpointRules } from "../../src/outbound/endpoint.ts";
import { createLinks } from "../../src/outbound/links.ts";
import { endpointKinds } from "../../src/outbound/registry.ts";
import { DEFAULT_SCHEDULE } from "../../src/outbound/retry.ts";

export const LINKS = createLinks("https://hooks.example.com");

export const aStep = (change: Partial<StepRun> = {}): StepRun => ({
  index: 0,
  phase: "run",
  name: "build",
  kind: "run",
  state: "succeeded",
  exitCode: 0,
  outputs: {},
  startedAt: "2021-07-26T18:10:37.000Z",
  endedAt: "2021-07-26T18:11:42.000Z",
  ...change,
});

/** One that has succeeded, but for what a test says of it. */
export const aTask = (change: Partial<Task> = {}): Task => ({
  id: "01a20f2a-b297-7000-8000-000000000067",
  number: 67,
  action: "deploy",
  params: { sha: "a".repeat(40) },
  state: "COMPLETED",
  outcome: "succeeded",
  reason: null,
  progress: 100,
  startedBy: { type: "manual", by: "token:ci" },
  deliveryId: null,
  group: null,
  runsOn: null,
  parentId: null,
  maxParallel: null,
  node: "web-1",
  attempt: 1,
  position: null,
  createdAt: "2021-07-26T18:10:33.000Z",
  startedAt: "2021-07-26T18:10:35.000Z",
  endedAt: "2021-07-26T18:19:24.000Z",
  metadata: {},
  correlation: {},
  report: null,
  hold: null,
  approval: null,
  steps: [aStep()],
  ...change,
});

export const aNotice = (change: Partial<Notice> = {}): Notice => ({
  id: "01a20f2a-b297-7000-8000-00000000aaaa",
  type: "task.completed",
  at: "2021-07-26T18:19:24.000Z",
  task: aTask(),
  delivery: null,
  failures: 0,
  ...change,
});

export const RULES: EndpointRules = {
  events: ["task.completed", "task.failed", "task.cancelled"],
  onlyFailures: false,
  groupMs: null,
  ordered: false,
  concurrency: 8,
  timeoutMs: 15_000,
  schedule: DEFAULT_SCHEDULE,
  jitter: 0,
};

export interface EndpointInput extends Partial<EndpointRules> {
  readonly name?: string;
  readonly kind?: string;
  readonly url?: string;
  readonly secrets?: readonly string[];
  /** As the settings would have them. */
  readonly options?: object;
}

export function anEndpoint(input: EndpointInput = {}): Endpoint {
  const { name = "ops", kind: kindName = "generic", url = "https://example.com/in", ...rest } = input;
  const { secrets = [], options = {}, ...rules } = rest;
  const kind = endpointKinds.get(kindName);
  if (kind === undefined) throw new Error(`There is no kind ${kindName}`);
  return bindEndpoint({
    name,
    kind,
    options: kind.schema.parse(options),
    url,
    secrets,
    rules: { ...RULES, ...rules },
  });
}
