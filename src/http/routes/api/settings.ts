import { z } from "zod";
import {
  actionChangesSchema,
  actionSchema,
  counterSchema,
  listOf,
  sourceSchema,
} from "../../../client/schemas.ts";
import { sourceToWire } from "../../wire/source.ts";
import { actionToWire } from "../../wire/task.ts";
import { errors } from "../errors.ts";
import { limitOf } from "./limit.ts";
import { type ApiContext, type ApiServer, askerOf } from "./route.ts";

const tag = "settings";

export function settingsRoutes(server: ApiServer, context: ApiContext): void {
  actions(server, context);
  changes(server, context);
  sources(server, context);
  counters(server, context);
  reload(server, context);
}

function actions(server: ApiServer, { app, guard }: ApiContext): void {
  const summary = "The actions of the settings";
  const about = { id: "listActions", tag, scope: "read", ofApps: true, summary } as const;
  const response = { 200: listOf(actionSchema), ...errors };
  server.get("/actions", guard(about, { response }), async (request) => {
    const limit = limitOf(request, about.scope);
    const found = app.listActions().filter(({ name }) => limit === null || limit.actions.includes(name));
    return { items: found.map(actionToWire) };
  });
}

function changes(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "getActionChanges",
    tag,
    scope: "deploy",
    summary: "What the settings say of an action now, and said when its last task was accepted",
  } as const;
  const params = z.object({ name: z.string().max(200) });
  const response = { 200: actionChangesSchema, ...errors };
  server.get("/actions/:name/changes", guard(about, { params, response }), async (request) => {
    const { taskId, before, now } = await app.actionChanges(request.params.name);
    return { task_id: taskId, before, now };
  });
}

function sources(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "listSources",
    tag,
    scope: "read",
    summary: "The sources of the settings, and what came in of them or was missed",
  } as const;
  const response = { 200: listOf(sourceSchema), ...errors };
  server.get("/sources", guard(about, { response }), async () => ({
    items: (await app.listSources()).map(sourceToWire),
  }));
}

function counters(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "listCounters",
    tag,
    scope: "read",
    summary: "How often requests were refused, by source and code",
  } as const;
  const response = { 200: listOf(counterSchema), ...errors };
  server.get("/counters", guard(about, { response }), async () => ({ items: [...(await app.counters())] }));
}

function reload(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "reloadSettings",
    tag,
    scope: "admin",
    summary: "Reads the settings file again; a bad one is refused and the old one stays",
  } as const;
  const response = { 204: z.null(), ...errors };
  server.post("/settings/reload", guard(about, { response }), async (request, reply) => {
    await app.reloadSettings(askerOf(request));
    return reply.code(204).send(null);
  });
}
