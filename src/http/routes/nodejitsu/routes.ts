import type { FastifyPluginAsync } from "fastify";
import { DEPLOY_PATH } from "../../../domain/own-paths.ts";
import { LIMITS } from "../../limits.ts";
import { authRoute, type AuthOptions } from "./auth.ts";
import { badgeRoute } from "./badge.ts";
import { changesRoutes, type ChangesOptions } from "./changes.ts";
import { type TakeBodiesOptions, takeBodies } from "../../take-bodies.ts";
import { answerDeploy, deployBodyLimit } from "./deploy.ts";
import { sendError } from "./errors.ts";
import { shareDocs } from "./shared-docs.ts";
import { statusRoutes } from "./status.ts";

/** The continuous-deployment API of nodejitsu (docs/continuous-deployment.md); `POST /` is in root.ts. */
export const nodejitsuRoutes =
  (options: ChangesOptions & AuthOptions & Pick<TakeBodiesOptions, "budget">): FastifyPluginAsync =>
  async (server) => {
    takeBodies(server, {
      budget: options.budget,
      limitOf: (request) =>
        request.routeOptions.url === DEPLOY_PATH ? deployBodyLimit(options, request) : LIMITS.apiBodyBytes,
    });
    server.setErrorHandler((error, request, reply) => sendError(reply, request, error, options.logger));
    server.post(DEPLOY_PATH, { schema: { hide: true } }, (request, reply) =>
      answerDeploy(options, request, reply),
    );
    authRoute(server, options);
    statusRoutes(server, options);
    changesRoutes(server, { ...options, app: { ...options.app, ...shareDocs(options.app) } });
    badgeRoute(server, options);
  };
