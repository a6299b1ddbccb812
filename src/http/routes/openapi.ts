import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";

/** The OpenAPI document; for everybody, since it says nothing about this installation. */
export const openapiRoute: FastifyPluginAsyncZod = async (server) => {
  const schema = {
    operationId: "openapi",
    summary: "This document",
    tags: ["server"],
    security: [],
    response: { 200: z.looseObject({}) },
  };
  server.get("/openapi.json", { schema }, async () => ({ ...server.swagger() }));
};
