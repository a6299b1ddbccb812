import { idParamsSchema, messageQuerySchema, retryMessagesRequestSchema } from "../../../client/requests.ts";
import { messageSchema, pageOf, retriedSchema } from "../../../client/schemas.ts";
import { messageToWire } from "../../wire/endpoint.ts";
import { errors } from "../errors.ts";
import { type ApiContext, type ApiServer, askerOf } from "./route.ts";

const tag = "endpoints";

export function messageRoutes(server: ApiServer, context: ApiContext): void {
  list(server, context);
  retryAll(server, context);
  retryOne(server, context);
}

function list(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "listMessages",
    tag,
    scope: "read",
    summary: "Messages to endpoints, newest first; `state=dead`: those that were given up",
  } as const;
  const response = { 200: pageOf(messageSchema), ...errors };
  server.get("/messages", guard(about, { querystring: messageQuerySchema, response }), async ({ query }) => {
    const page = await app.listMessages(query);
    return { items: page.items.map(messageToWire), next: page.next };
  });
}

function retryAll(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "retryMessages",
    tag,
    scope: "deploy",
    summary: "Sends every dead message anew, of one endpoint or of all",
  } as const;
  const response = { 202: retriedSchema, ...errors };
  const body = retryMessagesRequestSchema.nullish();
  server.post("/messages/retry", guard(about, { body, response }), async (request, reply) => {
    const endpoint = request.body?.endpoint ?? null;
    const retried = await app.retryDeadMessages({ endpoint, ...askerOf(request) });
    return reply.code(202).send({ retried });
  });
}

function retryOne(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "retryMessage",
    tag,
    scope: "deploy",
    summary: "Sends the same bytes anew, under another id, so that no receiver takes it for a repetition",
  } as const;
  const response = { 202: messageSchema, ...errors };
  server.post(
    "/messages/:id/retry",
    guard(about, { params: idParamsSchema, response }),
    async (request, reply) => {
      const message = await app.retryMessage({ ...request.params, ...askerOf(request) });
      return reply.code(202).send(messageToWire(message));
    },
  );
}
