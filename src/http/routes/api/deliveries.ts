import { z } from "zod";
import { deliveryQuerySchema, idParamsSchema, replayRequestSchema } from "../../../client/requests.ts";
import {
  deliveryDetailSchema,
  deliverySchema,
  explanationSchema,
  pageOf,
  receivedSchema,
} from "../../../client/schemas.ts";
import {
  deliveryDetailToWire,
  deliveryToWire,
  explanationToWire,
  receivedToWire,
} from "../../wire/delivery.ts";
import { errors } from "../errors.ts";
import { type ApiContext, type ApiServer, askerOf } from "./route.ts";

const tag = "deliveries";
const params = idParamsSchema;

export function deliveryRoutes(server: ApiServer, context: ApiContext): void {
  list(server, context);
  show(server, context);
  body(server, context);
  explain(server, context);
  replay(server, context);
}

function list(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "listDeliveries",
    tag,
    scope: "read",
    summary: "Lists deliveries, newest first",
  } as const;
  const response = { 200: pageOf(deliverySchema), ...errors };
  server.get(
    "/deliveries",
    guard(about, { querystring: deliveryQuerySchema, response }),
    async ({ query }) => {
      const page = await app.listDeliveries(query);
      return { items: page.items.map(deliveryToWire), next: page.next };
    },
  );
}

function show(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "getDelivery",
    tag,
    scope: "read",
    summary: "Shows a delivery and the tasks it started",
  } as const;
  const response = { 200: deliveryDetailSchema, ...errors };
  server.get("/deliveries/:id", guard(about, { params, response }), async (request) =>
    deliveryDetailToWire(await app.getDelivery(request.params.id)),
  );
}

function body(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "getDeliveryBody",
    tag,
    scope: "read",
    summary: "The exact bytes of a delivery's body",
  } as const;
  const bytes = {
    description: "The bytes as they came",
    content: { "application/octet-stream": { schema: z.unknown() } },
  };
  server.get(
    "/deliveries/:id/body",
    guard(about, { params, response: { 200: bytes, ...errors } }),
    async (request, reply) =>
      reply.type("application/octet-stream").send(await app.getDeliveryBody(request.params.id)),
  );
}

function explain(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "explainDelivery",
    tag,
    scope: "read",
    summary: "Says, rule by rule, why each action did or did not start",
  } as const;
  const response = { 200: explanationSchema, ...errors };
  server.get("/deliveries/:id/explain", guard(about, { params, response }), async (request) =>
    explanationToWire(await app.explainDelivery(request.params.id)),
  );
}

function replay(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "replayDelivery",
    tag,
    scope: "deploy",
    summary: "Takes the delivery in once more, by the settings as they are now",
  } as const;
  const response = { 202: receivedSchema, ...errors };
  server.post(
    "/deliveries/:id/replay",
    guard(about, { params, body: replayRequestSchema.nullish(), response }),
    async (request, reply) => {
      const { id } = request.params;
      const dryRun = request.body?.dry_run ?? false;
      const received = await app.replayDelivery({ id, dryRun, ...askerOf(request) });
      return reply.code(202).send(receivedToWire(received));
    },
  );
}
