import { z } from "zod";
import {
  approveRequestSchema,
  eventsQuerySchema,
  idParamsSchema,
  startRequestSchema,
  taskQuerySchema,
} from "../../../client/requests.ts";
import { pageOf, planSchema, startedTaskSchema, taskSchema } from "../../../client/schemas.ts";
import { startedToWire } from "../../wire/delivery.ts";
import { taskToWire } from "../../wire/task.ts";
import { errors } from "../errors.ts";
import { lastEventId } from "../last-event-id.ts";
import { checkAction, checkTask, limitOf } from "./limit.ts";
import { type ApiContext, type ApiServer, askerOf, identityOf } from "./route.ts";
import { streamReader } from "./stream-reader.ts";

const tag = "tasks";
const params = idParamsSchema;

export function taskRoutes(server: ApiServer, context: ApiContext): void {
  list(server, context);
  start(server, context);
  show(server, context);
  decide(server, context, "approve");
  decide(server, context, "refuse");
  cancel(server, context);
  retry(server, context);
  events(server, context);
}

function list(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "listTasks",
    tag,
    scope: "read",
    ofApps: true,
    summary: "Lists tasks, newest first",
  } as const;
  const response = { 200: pageOf(taskSchema), ...errors };
  server.get("/tasks", guard(about, { querystring: taskQuerySchema, response }), async (request) => {
    const { delivery_id: deliveryId, parent_id: parentId, ...query } = request.query;
    const actions = limitOf(request, about.scope)?.actions;
    const page = await app.listTasks({ ...query, actions, deliveryId, parentId });
    return { items: page.items.map(taskToWire), next: page.next };
  });
}

function start(server: ApiServer, context: ApiContext): void {
  const { app, guard } = context;
  const about = {
    id: "startTask",
    tag,
    scope: "deploy",
    ofApps: true,
    summary: "Starts an action; with `dry_run` only shows what it would do",
  } as const;
  const response = { 200: planSchema, 202: startedTaskSchema, ...errors };
  server.post("/tasks", guard(about, { body: startRequestSchema, response }), async (request, reply) => {
    const { action, params: given, dry_run: dryRun, correlation } = request.body;
    checkAction(context, request, { scope: about.scope, action });
    if (dryRun) {
      const plan = app.planAction({ action, params: given });
      return reply.code(200).send({ ...plan, params: { ...plan.params }, steps: [...plan.steps] });
    }
    const task = await app.startAction({ action, params: given, correlation, ...askerOf(request) });
    return reply.code(202).send(startedToWire(task));
  });
}

function show(server: ApiServer, context: ApiContext): void {
  const { app, guard } = context;
  const summary = "Shows a task with its steps";
  const about = { id: "getTask", tag, scope: "read", ofApps: true, summary } as const;
  const response = { 200: taskSchema, ...errors };
  server.get("/tasks/:id", guard(about, { params, response }), async (request) => {
    const task = await app.getTask(request.params.id);
    checkAction(context, request, { scope: about.scope, action: task.action });
    return taskToWire(task);
  });
}

const DECISIONS = {
  approve: {
    id: "approveTask",
    decision: "approved",
    summary: "Lets a task start that waits for approval; its action may ask for more than this scope",
  },
  refuse: {
    id: "refuseTask",
    decision: "refused",
    summary: "Ends a task that waits for approval, as rejected",
  },
} as const;

function decide(server: ApiServer, { app, guard }: ApiContext, verb: keyof typeof DECISIONS): void {
  const { id, summary, decision } = DECISIONS[verb];
  const about = { id, tag, scope: "deploy", summary } as const;
  const schema = { params, body: approveRequestSchema.nullish(), response: { 200: taskSchema, ...errors } };
  server.post(`/tasks/:id/${verb}`, guard(about, schema), async (request) => {
    const { scopes } = identityOf(request);
    const { comment = null, override_freeze: overrideFreeze = false } = request.body ?? {};
    const input = { id: request.params.id, scopes, comment, decision, overrideFreeze };
    return taskToWire(await app.approveTask({ ...input, ...askerOf(request) }));
  });
}

function cancel(server: ApiServer, context: ApiContext): void {
  const { app, guard } = context;
  const about = {
    id: "cancelTask",
    tag,
    scope: "deploy",
    ofApps: true,
    summary: "Cancels a waiting or running task; its end comes later",
  } as const;
  const response = { 202: taskSchema, ...errors };
  server.post("/tasks/:id/cancel", guard(about, { params, response }), async (request, reply) => {
    await checkTask(context, request, { scope: about.scope, id: request.params.id });
    const task = await app.cancelTask({ id: request.params.id, ...askerOf(request) });
    return reply.code(202).send(taskToWire(task));
  });
}

function retry(server: ApiServer, context: ApiContext): void {
  const { app, guard } = context;
  const about = {
    id: "retryTask",
    tag,
    scope: "deploy",
    ofApps: true,
    summary: "Starts a new task like an ended one",
  } as const;
  const response = { 202: startedTaskSchema, ...errors };
  server.post("/tasks/:id/retry", guard(about, { params, response }), async (request, reply) => {
    await checkTask(context, request, { scope: about.scope, id: request.params.id });
    const task = await app.retryTask({ id: request.params.id, ...askerOf(request) });
    return reply.code(202).send(startedToWire(task));
  });
}

function events(server: ApiServer, context: ApiContext): void {
  const { guard, streams } = context;
  const about = {
    id: "followTask",
    tag,
    scope: "read",
    ofApps: true,
    summary:
      "Server-sent events: `log` (its id is the entry's seq), `task`, and `end`; resumes after Last-Event-ID",
  } as const;
  const stream = {
    description: "Events until the task has ended",
    content: { "text/event-stream": { schema: z.string() } },
  };
  server.get(
    "/tasks/:id/events",
    guard(about, { params, querystring: eventsQuerySchema, response: { 200: stream, ...errors } }),
    async (request, reply) => {
      const { id: taskId } = request.params;
      const { admit, admitAgain } = streamReader(context, request, about);
      await admit(taskId);
      const after = lastEventId(request) ?? request.query.after ?? 0;
      await streams.follow({ taskId, after, reply, check: () => admitAgain(taskId) });
      return reply;
    },
  );
}
