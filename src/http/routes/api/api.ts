import type { FastifyRequest } from "fastify";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Tokens } from "../../accounts/tokens.ts";
import {
  actionSchema,
  counterSchema,
  createdTokenSchema,
  deliveryDetailSchema,
  deliveryQuerySchema,
  deliverySchema,
  eventsQuerySchema,
  explanationSchema,
  listOf,
  logEntrySchema,
  logQuerySchema,
  pageOf,
  planSchema,
  problemSchema,
  receivedSchema,
  replayRequestSchema,
  type Scope,
  sourceSchema,
  startedTaskSchema,
  startRequestSchema,
  taskQuerySchema,
  taskSchema,
  tokenRequestSchema,
  tokenSchema,
} from "../../client/schemas.ts";
import type { App } from "../../usecases/app.ts";
import type { Authenticator, Identity } from "../auth.ts";
import type { EventStreams } from "../event-stream.ts";
import {
  deliveryDetailToWire,
  deliveryToWire,
  explanationToWire,
  receivedToWire,
  startedToWire,
} from "../wire/delivery.ts";
import { actionToWire, logEntryToWire, taskToWire, tokenToWire } from "../wire/task.ts";

export interface ApiOptions {
  readonly app: App;
  readonly tokens: Tokens;
  readonly authenticator: Authenticator;
  readonly streams: EventStreams;
}

const identities = new WeakMap<FastifyRequest, Identity>();

/** Who sent the request; every route below has asked for it. */
const byOf = (request: FastifyRequest): string => identities.get(request)?.by ?? "nobody";

const byId = z.object({ id: z.string().max(200) });
const problem = z.object({}).loose().and(problemSchema).describe("Problem details (RFC 9457)");

/** Our own API, `/api/v1`. Errors are problem details; see domain/errors.ts for the codes. */
export const apiRoutes =
  ({ app, tokens, authenticator, streams }: ApiOptions): FastifyPluginAsyncZod =>
  async (server) => {
    /** What each route says of itself: the scope it needs, and its place in the document. */
    const needs = (scope: Scope) => ({
      onRequest: async (request: FastifyRequest): Promise<void> => {
        identities.set(request, await authenticator.authenticate(request, scope));
      },
    });
    const describe = (tag: string, summary: string, scope: Scope) => ({
      tags: [tag],
      summary,
      description: `Scope: ${scope}`,
      security: [{ bearer: [] }],
    });
    const errors = { "4xx": problem, "5xx": problem } as const;

    server.get(
      "/deliveries",
      {
        ...needs("read"),
        schema: {
          ...describe("deliveries", "Lists deliveries, newest first", "read"),
          querystring: deliveryQuerySchema,
          response: { 200: pageOf(deliverySchema), ...errors },
        },
      },
      async ({ query }) => {
        const page = await app.listDeliveries(query);
        return { items: page.items.map(deliveryToWire), next: page.next };
      },
    );

    server.get(
      "/deliveries/:id",
      {
        ...needs("read"),
        schema: {
          ...describe("deliveries", "Shows a delivery and the tasks it started", "read"),
          params: byId,
          response: { 200: deliveryDetailSchema, ...errors },
        },
      },
      async ({ params }) => deliveryDetailToWire(await app.getDelivery(params.id)),
    );

    server.get(
      "/deliveries/:id/body",
      {
        ...needs("read"),
        schema: {
          ...describe("deliveries", "The exact bytes of a delivery's body", "read"),
          params: byId,
          produces: ["application/octet-stream"],
        },
      },
      async ({ params }, reply) =>
        reply.type("application/octet-stream").send(await app.getDeliveryBody(params.id)),
    );

    server.get(
      "/deliveries/:id/explain",
      {
        ...needs("read"),
        schema: {
          ...describe("deliveries", "Says, rule by rule, why each action did or did not start", "read"),
          params: byId,
          response: { 200: explanationSchema, ...errors },
        },
      },
      async ({ params }) => explanationToWire(await app.explainDelivery(params.id)),
    );

    server.post(
      "/deliveries/:id/replay",
      {
        ...needs("deploy"),
        schema: {
          ...describe(
            "deliveries",
            "Takes the delivery in once more, by the settings as they are now",
            "deploy",
          ),
          params: byId,
          body: replayRequestSchema.nullish(),
          response: { 202: receivedSchema, ...errors },
        },
      },
      async (request, reply) => {
        const dryRun = request.body?.dry_run ?? false;
        const received = await app.replayDelivery({ id: request.params.id, by: byOf(request), dryRun });
        return reply.code(202).send(receivedToWire(received));
      },
    );

    server.get(
      "/tasks",
      {
        ...needs("read"),
        schema: {
          ...describe("tasks", "Lists tasks, newest first", "read"),
          querystring: taskQuerySchema,
          response: { 200: pageOf(taskSchema), ...errors },
        },
      },
      async ({ query: { delivery_id: deliveryId, ...query } }) => {
        const page = await app.listTasks({ ...query, deliveryId });
        return { items: page.items.map(taskToWire), next: page.next };
      },
    );

    server.post(
      "/tasks",
      {
        ...needs("deploy"),
        schema: {
          ...describe("tasks", "Starts an action; with `dry_run` only shows what it would do", "deploy"),
          body: startRequestSchema,
          response: { 200: planSchema, 202: startedTaskSchema, ...errors },
        },
      },
      async (request, reply) => {
        const { action, params, dry_run: dryRun } = request.body;
        if (dryRun) {
          const plan = app.planAction({ action, params });
          return reply.code(200).send({ ...plan, params: { ...plan.params }, steps: [...plan.steps] });
        }
        const task = await app.startAction({ action, params, by: byOf(request) });
        return reply.code(202).send(startedToWire(task));
      },
    );

    server.get(
      "/tasks/:id",
      {
        ...needs("read"),
        schema: {
          ...describe("tasks", "Shows a task with its steps", "read"),
          params: byId,
          response: { 200: taskSchema, ...errors },
        },
      },
      async ({ params }) => taskToWire(await app.getTask(params.id)),
    );

    server.post(
      "/tasks/:id/cancel",
      {
        ...needs("deploy"),
        schema: {
          ...describe("tasks", "Cancels a waiting or running task; its end comes later", "deploy"),
          params: byId,
          response: { 202: taskSchema, ...errors },
        },
      },
      async (request, reply) => {
        const task = await app.cancelTask({ id: request.params.id, by: byOf(request) });
        return reply.code(202).send(taskToWire(task));
      },
    );

    server.post(
      "/tasks/:id/retry",
      {
        ...needs("deploy"),
        schema: {
          ...describe("tasks", "Starts a new task like an ended one", "deploy"),
          params: byId,
          response: { 202: startedTaskSchema, ...errors },
        },
      },
      async (request, reply) => {
        const task = await app.retryTask({ id: request.params.id, by: byOf(request) });
        return reply.code(202).send(startedToWire(task));
      },
    );

    server.get(
      "/tasks/:id/log",
      {
        ...needs("read"),
        schema: {
          ...describe("tasks", "The task's log, oldest first", "read"),
          params: byId,
          querystring: logQuerySchema,
          response: { 200: listOf(logEntrySchema), ...errors },
        },
      },
      async ({ params, query }) => {
        const entries = await app.listLog({ taskId: params.id, ...query });
        return { items: entries.map(logEntryToWire) };
      },
    );

    server.get(
      "/tasks/:id/events",
      {
        ...needs("read"),
        schema: {
          ...describe(
            "tasks",
            "Server-sent events: `log` (its id is the entry's seq), `task`, and `end`; resumes after Last-Event-ID",
            "read",
          ),
          params: byId,
          querystring: eventsQuerySchema,
          produces: ["text/event-stream"],
        },
      },
      async (request, reply) => {
        const task = await app.getTask(request.params.id);
        const after = lastEventId(request) ?? request.query.after ?? 0;
        await streams.follow({ taskId: task.id, after, reply });
        return reply;
      },
    );

    server.get(
      "/actions",
      {
        ...needs("read"),
        schema: {
          ...describe("settings", "The actions of the settings", "read"),
          response: { 200: listOf(actionSchema), ...errors },
        },
      },
      async () => ({ items: app.listActions().map(actionToWire) }),
    );

    server.get(
      "/sources",
      {
        ...needs("read"),
        schema: {
          ...describe("settings", "The sources of the settings", "read"),
          response: { 200: listOf(sourceSchema), ...errors },
        },
      },
      async () => ({ items: [...app.listSources()] }),
    );

    server.get(
      "/counters",
      {
        ...needs("read"),
        schema: {
          ...describe("settings", "How often requests were refused, by source and code", "read"),
          response: { 200: listOf(counterSchema), ...errors },
        },
      },
      async () => ({ items: [...(await app.counters())] }),
    );

    server.post(
      "/settings/reload",
      {
        ...needs("admin"),
        schema: {
          ...describe(
            "settings",
            "Reads the settings file again; a bad one is refused and the old one stays",
            "admin",
          ),
          response: { 204: z.null(), ...errors },
        },
      },
      async (_request, reply) => {
        await app.reloadSettings();
        return reply.code(204).send(null);
      },
    );

    server.get(
      "/tokens",
      {
        ...needs("admin"),
        schema: {
          ...describe("tokens", "Lists the API's tokens", "admin"),
          response: { 200: listOf(tokenSchema), ...errors },
        },
      },
      async () => ({ items: (await tokens.list()).map(tokenToWire) }),
    );

    server.post(
      "/tokens",
      {
        ...needs("admin"),
        schema: {
          ...describe("tokens", "Makes a token, shown this once", "admin"),
          body: tokenRequestSchema,
          response: { 201: createdTokenSchema, ...errors },
        },
      },
      async ({ body }, reply) => {
        const { name, scopes, expires_at: expiresAt } = body;
        const { token, row } = await tokens.create({ name, scopes, expiresAt });
        return reply.code(201).send({ ...tokenToWire(row), token });
      },
    );

    server.delete(
      "/tokens/:ref",
      {
        ...needs("admin"),
        schema: {
          ...describe("tokens", "Revokes a token, by its id or name", "admin"),
          params: z.object({ ref: z.string().max(200) }),
          response: { 204: z.null(), ...errors },
        },
      },
      async ({ params }, reply) => {
        await tokens.revoke(params.ref);
        return reply.code(204).send(null);
      },
    );

    server.get(
      "/whoami",
      {
        ...needs("read"),
        schema: {
          ...describe("tokens", "Shows the token that the request was made with", "read"),
          response: { 200: z.object({ name: z.string(), scopes: z.array(z.string()) }), ...errors },
        },
      },
      async (request) => {
        const { name = "", scopes = [] } = identities.get(request) ?? {};
        return { name, scopes: [...scopes] };
      },
    );
  };

function lastEventId({ headers }: FastifyRequest): number | null {
  const value = headers["last-event-id"];
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : null;
}
