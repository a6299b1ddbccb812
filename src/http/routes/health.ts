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

const readySchema = z.object({
  status: z.literal("ready"),
  spooled: z.number().int().optional().describe("Webhooks that wait here for the store; only when there are"),
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
      response: { 200: readySchema, ...errors },
    };
    server.get("/readyz", { schema: ready, exposeHeadRoute: true }, async () => {
      const { spooled } = await app.ready();
      return { status: "ready" as const, ...(spooled > 0 && { spooled }) };
    });
  };
