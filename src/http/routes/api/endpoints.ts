import { z } from "zod";
import { endpointParamsSchema } from "../../../client/requests.ts";
import { attemptSchema, endpointSchema, listOf } from "../../../client/schemas.ts";
import { attemptToWire, endpointToWire } from "../../wire/endpoint.ts";
import { errors } from "../errors.ts";
import { type ApiContext, type ApiServer, askerOf } from "./route.ts";

const tag = "endpoints";
const params = endpointParamsSchema;

export function endpointRoutes(server: ApiServer, context: ApiContext): void {
  list(server, context);
  test(server, context);
  enable(server, context);
}

function list(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "listEndpoints",
    tag,
    scope: "read",
    summary: "The endpoints of the settings, and how they have answered lately",
  } as const;
  const response = { 200: listOf(endpointSchema), ...errors };
  server.get("/endpoints", guard(about, { response }), async () => ({
    items: (await app.listEndpoints()).map(endpointToWire),
  }));
}

function test(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "testEndpoint",
    tag,
    scope: "deploy",
    summary: "Sends an endpoint a test message at once, and shows request and answer",
  } as const;
  const response = { 200: attemptSchema, ...errors };
  server.post("/endpoints/:name/test", guard(about, { params, response }), async (request) =>
    attemptToWire(await app.testEndpoint({ ...request.params, ...askerOf(request) })),
  );
}

function enable(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "enableEndpoint",
    tag,
    scope: "deploy",
    summary: "Takes an endpoint back that was disabled, paused or broken",
  } as const;
  const response = { 204: z.null(), ...errors };
  server.post("/endpoints/:name/enable", guard(about, { params, response }), async (request, reply) => {
    await app.enableEndpoint({ ...request.params, ...askerOf(request) });
    return reply.code(204).send(null);
  });
}
