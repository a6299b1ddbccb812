import type { FastifyPluginAsync } from "fastify";
import type { App } from "../../usecases/app.ts";

/** For supervisors and load balancers. `/healthz`: the process answers. `/readyz`: it can take webhooks. */
export const healthRoutes =
  (app: Pick<App, "ready">): FastifyPluginAsync =>
  async (server) => {
    server.get("/healthz", { schema: { hide: true } }, async () => ({ status: "ok" }));
    server.get("/readyz", { schema: { hide: true } }, async () => {
      await app.ready();
      return { status: "ready" };
    });
  };
