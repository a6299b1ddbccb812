import type { FastifyReply } from "fastify";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import type { StepRun, Task } from "../../domain/task.ts";
import type { App } from "../../usecases/app.ts";
import { LIMITS } from "../limits.ts";
import type { Guard } from "./api/route.ts";
import { errors } from "./errors.ts";

const buildParams = z.object({ project: z.string().max(200), build: z.coerce.number().int().min(0) });
const runParams = buildParams.extend({ run: z.string().max(200) });
const data = z.object({ status: z.literal("success"), data: z.record(z.string(), z.unknown()) });

export interface JobservContext {
  readonly app: App;
  readonly guard: Guard;
}

/**
 * Where the URLs of a `jobserv` message lead (https://github.com/foundriesio/jobserv, `jobserv/api`): an action is a project, a
 * task a build, a step a run. They show what tasks and logs show, so they ask for the same: a token with the scope `read`.
 */
export const jobservRoutes =
  ({ app, guard }: JobservContext): FastifyPluginAsyncZod =>
  async (server) => {
    const about = (id: string, summary: string) => ({ id, tag: "jobserv", scope: "read", summary }) as const;
    const response = { 200: data, ...errors };
    const buildRoute = guard(about("jobservBuild", "A task, as JobServ shows a build"), {
      params: buildParams,
      response,
    });
    const runsRoute = guard(about("jobservRuns", "Its steps, as JobServ shows runs"), {
      params: buildParams,
      response,
    });
    const runRoute = guard(about("jobservRun", "A step, as JobServ shows a run"), {
      params: runParams,
      response,
    });
    const testsRoute = guard(about("jobservTests", "What there is to say of a step, as a test"), {
      params: runParams,
      response,
    });
    const text = { description: "The step's lines", content: { "text/plain": { schema: z.string() } } };
    const logRoute = guard(about("jobservLog", "A step's output"), {
      params: runParams,
      response: { 200: text, ...errors },
    });
    const base = "/projects/:project/builds/:build";

    const html = { description: "A page for people", content: { "text/html": { schema: z.string() } } };
    const open = (operationId: string, summary: string) => {
      return { operationId, summary, tags: ["jobserv"], security: [], response: { 200: html, ...errors } };
    };
    const buildPage = {
      schema: { ...open("jobservBuildPage", "Where to look at a task"), params: buildParams },
    };
    const runPage = { schema: { ...open("jobservRunPage", "Where to look at a step"), params: runParams } };
    server.get(base, buildPage, async ({ params }, reply) => sendPage(params, reply));
    server.get(`${base}/:run/`, runPage, async ({ params }, reply) => sendPage(params, reply));
    server.get(`${base}/`, buildRoute, async ({ params }) => {
      const { task, build } = await app.jobservBuild(params);
      return success({ build: { ...build, id: task.id } });
    });
    server.get(`${base}/runs/`, runsRoute, async ({ params }) => {
      const { build } = await app.jobservBuild(params);
      return success({ runs: build["runs"] });
    });
    server.get(`${base}/runs/:run/`, runRoute, async ({ params }) => {
      const { task, build } = await app.jobservBuild(params);
      findStep(task, params.run);
      const runs = z.array(z.looseObject({ name: z.string() })).parse(build["runs"]);
      return success({ run: runs.find(({ name }) => name === params.run) });
    });
    server.get(`${base}/runs/:run/tests/`, testsRoute, async ({ params }) => {
      const { task } = await app.jobservBuild(params);
      return success({ tests: [testOf(findStep(task, params.run))] });
    });
    server.get(`${base}/runs/:run/console.log`, logRoute, async ({ params }, reply) => {
      const { task } = await app.jobservBuild(params);
      return sendLog(app, { task, step: findStep(task, params.run) }, reply);
    });
  };

/** For people, who have no token in their browser: it says where to look, and nothing of what there is. */
function sendPage({ project, build }: z.output<typeof buildParams>, reply: FastifyReply): FastifyReply {
  const name = escapeHtml(project);
  const page = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Task ${build} of ${name}</title></head>
<body>
<h1>Task ${build} of ${name}</h1>
<p>On the server: <code>hookwright tasks --action ${name}</code>, then <code>hookwright logs TASK</code>.</p>
<p>From elsewhere, with a token that may read: <code>GET ${build}/</code> and <code>GET ${build}/runs/STEP/console.log</code>.</p>
</body>
</html>
`;
  return reply
    .header("content-security-policy", "default-src 'none'")
    .type("text/html; charset=utf-8")
    .send(page);
}

const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** JobServ's envelope (JSend). */
const success = (value: Record<string, unknown>) => ({ status: "success" as const, data: value });

function findStep({ id, steps }: Task, name: string): StepRun {
  const step = steps.find((each) => each.phase === "run" && each.name === name);
  if (step === undefined) throw new AppError("task:not_found", `Task ${id} has no step ${name}`);
  return step;
}

const testOf = ({ name, state, exitCode }: StepRun): Readonly<Record<string, unknown>> => ({
  name,
  status: state === "succeeded" || state === "skipped" ? "PASSED" : "FAILED",
  context: exitCode === null ? null : `exit code ${exitCode}`,
});

interface LogInput {
  readonly task: Task;
  readonly step: StepRun;
}

async function sendLog(app: App, { task, step }: LogInput, reply: FastifyReply): Promise<FastifyReply> {
  const lines: string[] = [];
  for (let after = 0; ;) {
    const entries = await app.listLog({ taskId: task.id, after, limit: LIMITS.logPage });
    const last = entries.at(-1);
    if (last === undefined) break;
    lines.push(...entries.filter((entry) => entry.step === step.index).map(({ text }) => text));
    after = last.seq;
  }
  return reply.type("text/plain; charset=utf-8").send(lines.map((line) => `${line}\n`).join(""));
}
