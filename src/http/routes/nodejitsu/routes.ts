import type { FastifyPluginAsync } from "fastify";
import { LIMITS } from "../../limits.ts";
import { authRoute, type AuthOptions } from "./auth.ts";
import { badgeRoute } from "./badge.ts";
import { changesRoutes, type ChangesOptions } from "./changes.ts";
import { answerDeploy } from "./deploy.ts";
import { sendError } from "./errors.ts";
import { shareDocs } from "./shared-docs.ts";
import { statusRoutes } from "./status.ts";

/** The continuous-deployment API of nodejitsu (docs/continuous-deployment.md); `POST /` is in root.ts. */
export const nodejitsuRoutes =
  (options: ChangesOptions & AuthOptions): FastifyPluginAsync =>
  async (server) => {
    server.removeAllContentTypeParsers();
    server.addContentTypeParser(
      "*",
      { parseAs: "buffer", bodyLimit: LIMITS.rootBodyBytes },
      (_request, body, done) => done(null, body),
    );
    server.setErrorHandler((error, request, reply) => sendError(reply, request, error, options.logger));
    server.post("/1/deploy", { schema: { hide: true } }, (request, reply) =>
      answerDeploy(options, request, reply),
    );
    authRoute(server, options);
    statusRoutes(server, options);
    changesRoutes(server, { ...options, app: { ...options.app, ...shareDocs(options.app) } });
    badgeRoute(server, options);
  };
