import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { auditRoutes } from "./audit.ts";
import { deliveryRoutes } from "./deliveries.ts";
import { endpointRoutes } from "./endpoints.ts";
import { logRoutes } from "./log.ts";
import { messageRoutes } from "./messages.ts";
import { nodeRoutes } from "./nodes.ts";
import { liveRoutes } from "./live.ts";
import { revisionRoutes } from "./revisions.ts";
import type { ApiContext } from "./route.ts";
import { releaseRoutes } from "./releases.ts";
import { settingsRoutes } from "./settings.ts";
import { storeRoutes } from "./store.ts";
import { sessionRoutes } from "./sessions.ts";
import { statsRoutes } from "./stats.ts";
import { taskRoutes } from "./tasks.ts";
import { tokenRoutes } from "./tokens.ts";
import { userRoutes } from "./users.ts";

/** Our own API, `/api/v1`. Errors are problem details; see domain/errors.ts for the codes. */
export const apiRoutes =
  (context: ApiContext): FastifyPluginAsyncZod =>
  async (server) => {
    // The framework takes text as well, which no route has a use for.
    server.removeContentTypeParser("text/plain");
    deliveryRoutes(server, context);
    taskRoutes(server, context);
    logRoutes(server, context);
    releaseRoutes(server, context);
    endpointRoutes(server, context);
    messageRoutes(server, context);
    revisionRoutes(server, context);
    nodeRoutes(server, context);
    settingsRoutes(server, context);
    storeRoutes(server, context);
    tokenRoutes(server, context);
    sessionRoutes(server, context);
    statsRoutes(server, context);
    liveRoutes(server, context);
    userRoutes(server, context);
    auditRoutes(server, context);
  };
