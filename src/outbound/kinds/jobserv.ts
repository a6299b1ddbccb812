import { z } from "zod";
import type { StepRun, Task } from "../../domain/task.ts";
import { hmacHex } from "../hmac.ts";
import { JSON_TYPE, secretInTurn, type EndpointKind } from "../kind.ts";
import type { Links } from "../links.ts";
import { pythonJson, type Json } from "../python-json.ts";

const schema = z.strictObject({
  detailed: z
    .boolean()
    .default(false)
    .describe(
      "Also the keys that JobServ has sent since 2021-10: `status_events`, `runs_url`, `reason`, `annotation`.",
    ),
});

/**
 * As JobServ, the CI of Foundries.io, tells of a completed build (https://docs.foundries.io/latest/user-guide/ci-webhooks.html,
 * its `notify.py` and `models.py`): the task is the build, its steps are the runs. The bytes are those of Python's json.dumps.
 */
export const jobserv: EndpointKind<z.output<typeof schema>> = {
  kind: "jobserv",
  summary: "Receivers of JobServ's (Foundries.io) CI webhooks, by X-JobServ-Sig.",
  schema,
  secret: "required",
  types: ["task.completed", "task.failed", "task.cancelled", "task.recovered", "endpoint.test"],
  render: (notice, { detailed }, { links }) => ({
    body: pythonJson(buildOf(notice.task ?? sampleBuild(notice.at), links, detailed)),
    headers: JSON_TYPE,
  }),
  sign: ({ body, attempt }, secrets) => ({
    "x-jobserv-sig": `sha256:${hmacHex(secretInTurn(secrets, attempt) ?? "", body)}`,
  }),
};

/** A task as JobServ shows a build: keys in JobServ's order; what is not known is absent, not null. */
export function buildOf(
  task: Build,
  links: Links,
  detailed: boolean,
): { readonly [key: string]: Json | undefined } {
  const url = links.build(task);
  return {
    build_id: task.number,
    url,
    status: statusOf(task),
    runs: runsOf(task, links),
    web_url: links.page(task),
    trigger_name: task.action,
    created: pythonTime(task.createdAt),
    completed: task.endedAt === null ? undefined : pythonTime(task.endedAt),
    ...(detailed && {
      status_events: statusEvents(task),
      runs_url: `${url}runs/`,
      reason: task.reason,
      annotation: null,
    }),
  };
}

type Build = Pick<
  Task,
  "number" | "action" | "outcome" | "reason" | "node" | "createdAt" | "startedAt" | "endedAt" | "steps"
>;

/** For the test of an endpoint. */
const sampleBuild = (at: string): Build => ({
  number: 0,
  action: "test",
  outcome: "succeeded",
  reason: null,
  node: null,
  createdAt: at,
  startedAt: at,
  endedAt: at,
  steps: [],
});

function statusOf({ outcome, startedAt, endedAt }: Build): string {
  if (endedAt === null) return startedAt === null ? "QUEUED" : "RUNNING";
  return outcome === "succeeded" ? "PASSED" : "FAILED";
}

function statusEvents(build: Build): Json {
  const { createdAt, startedAt, endedAt } = build;
  const event = (time: string, status: string): Json => ({ time: pythonTime(time), status });
  return [
    event(createdAt, "QUEUED"),
    ...(startedAt === null ? [] : [event(startedAt, "RUNNING")]),
    ...(endedAt === null ? [] : [event(endedAt, statusOf(build))]),
  ];
}

/** Undos are no runs: JobServ knows nothing like them. */
const runsOf = (build: Build, links: Links): Json =>
  build.steps
    .filter(({ phase }) => phase === "run")
    .toSorted((a, b) => a.index - b.index)
    .map((step) => runOf(build, step, links));

function runOf(task: Build, step: StepRun, links: Links): Json {
  const url = links.run(task, step.name);
  return {
    name: step.name,
    url,
    status: statusOfStep(step),
    log_url: `${url}console.log`,
    web_url: url.replace(/\/runs\/([^/]+)\/$/, "/$1/"),
    created: pythonTime(step.startedAt),
    completed: step.endedAt === null ? undefined : pythonTime(step.endedAt),
    host_tag: task.node ?? undefined,
    tests: `${url}tests/`,
  };
}

/** What JobServ would call the state of a step. */
const statusOfStep = ({ state }: Pick<StepRun, "state">): "PASSED" | "FAILED" | "RUNNING" =>
  state === "succeeded" || state === "skipped" ? "PASSED" : state === "running" ? "RUNNING" : "FAILED";

/** As Python writes a time: `2021-07-26T18:10:37+00:00`, with six digits of a second that is not whole. */
function pythonTime(time: string): string {
  const iso = new Date(time).toISOString();
  const millis = iso.slice(20, 23);
  return `${iso.slice(0, 19)}${millis === "000" ? "" : `.${millis}000`}+00:00`;
}
