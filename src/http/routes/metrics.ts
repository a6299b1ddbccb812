import type { FastifyRequest } from "fastify";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { METRICS_TYPE } from "../../lib/metrics/metrics.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Meters } from "../../usecases/meters.ts";
import type { Authenticator } from "../auth.ts";
import type { ClientAddress } from "../client-address.ts";
import { errors } from "./errors.ts";

type MetricsSettings = NonNullable<Settings["metrics"]>;

export interface MetricsRoutesOptions {
  readonly meters: Pick<Meters, "text">;
  /** Those in force; null: metrics are off. */
  readonly settings: () => MetricsSettings | null;
  readonly authenticator: Pick<Authenticator, "authenticate">;
  readonly addressOf: ClientAddress;
}

const about = {
  operationId: "metrics",
  summary: "Metrics in Prometheus' text format",
  description: "Scope: read; without it, whomever `metrics` in the settings names",
  tags: ["server"],
  security: [{ bearer: [] }, { session: [] }],
  response: {
    200: { description: "The metrics", content: { "text/plain": { schema: z.string() } } },
    ...errors,
  },
};

/** `GET /metrics`, for Prometheus. */
export const metricsRoutes =
  ({ meters, settings, authenticator, addressOf }: MetricsRoutesOptions): FastifyPluginAsyncZod =>
  async (server) => {
    const onRequest = async (request: FastifyRequest): Promise<void> => {
      const current = settings();
      if (current === null)
        throw new AppError(
          "request:not_found",
          "Metrics are off; `metrics: { enabled: true }` turns them on",
        );
      if (!isAllowed(request, addressOf(request.raw), current))
        await authenticator.authenticate(request, "read");
    };
    server.get("/metrics", { schema: about, onRequest }, async (_request, reply) =>
      reply.type(METRICS_TYPE).send(await meters.text()),
    );
  };

/** Without a token. Behind a proxy that the settings don't name, everybody has the proxy's address. */
function isAllowed(
  { headers, raw }: FastifyRequest,
  address: string | null,
  { isPublic, allowFrom }: MetricsSettings,
): boolean {
  if (isPublic) return true;
  const isProxys = "x-forwarded-for" in headers && address === raw.socket.remoteAddress;
  return address !== null && !isProxys && allowFrom.has(address);
}
