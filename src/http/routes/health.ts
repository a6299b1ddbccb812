import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { App } from "../../usecases/app.ts";
import { errors } from "./errors.ts";

const about = (operationId: string, summary: string) => ({
  operationId,
  summary,
  tags: ["server"],
  security: [],
});

/** For supervisors and load balancers, which may also ask by HEAD. `/healthz`: the process answers. `/readyz`: it can take webhooks. */
export const healthRoutes =
  (app: Pick<App, "ready">): FastifyPluginAsyncZod =>
  async (server) => {
    const alive = {
      ...about("health", "The process answers"),
      response: { 200: z.object({ status: z.literal("ok") }) },
    };
    server.get("/healthz", { schema: alive, exposeHeadRoute: true }, async () => ({ status: "ok" as const }));
    const ready = {
      ...about("readiness", "It can take webhooks"),
      response: { 200: z.object({ status: z.literal("ready") }), ...errors },
    };
    server.get("/readyz", { schema: ready, exposeHeadRoute: true }, async () => {
      await app.ready();
      return { status: "ready" as const };
    });
  };
