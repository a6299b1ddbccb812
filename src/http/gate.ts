import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AppError } from "../domain/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { createNetworks } from "../lib/networks.ts";
import type { Settings } from "../settings/settings.ts";
import type { App } from "../usecases/app.ts";
import type { ClientAddress } from "./client-address.ts";
import { API, createRateLimit, type Entered, type LimitedScope } from "./rate-limit.ts";

/** Where every request passes before anything is done for it. */
export interface Gate {
  /** Throws `rate:limited`, which has been counted and logged. */
  enter(request: IncomingMessage, scope: LimitedScope, requestId: string): Entered;
}

export interface GateOptions {
  readonly app: Pick<App, "noteRefusal">;
  readonly settings: () => Settings;
  readonly addressOf: ClientAddress;
  readonly logger: Logger;
}

export function createGate({ app, settings, addressOf, logger }: GateOptions): Gate {
  const sourceOf = (scope: LimitedScope) => (scope === API ? undefined : settings().sources[scope]);
  const limit = createRateLimit({
    limits: (scope) => sourceOf(scope)?.rateLimits ?? settings().server.rateLimits,
    proves: (scope) => sourceOf(scope)?.source.takesAnybody !== true,
  });
  let warned = false;

  /** Behind a proxy that the settings don't name, all clients have one address: it would be limited for what one of them does. */
  function clientOf(request: IncomingMessage): string | null {
    const address = addressOf(request);
    if (address === null || !comesByUnknownProxy(request, address)) return address;
    if (!warned) logger.warn({ proxy: address }, UNKNOWN_PROXY);
    warned = true;
    return null;
  }

  return {
    enter(request, scope, requestId) {
      try {
        return limit.enter(scope, clientOf(request));
      } catch (error) {
        if (error instanceof AppError) {
          const remoteAddress = addressOf(request);
          app.noteRefusal({ source: scope, code: error.code, remoteAddress, requestId });
        }
        throw error;
      }
    },
  };
}

const UNKNOWN_PROXY =
  "Requests come by a proxy that server.trusted_proxies does not name: clients can't be told apart, and are not limited. Name its address there";

/** Of this machine or its own networks; what comes from outside may say anything. */
const NEAR = createNetworks([
  "127.0.0.0/8",
  "::1",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "fc00::/7",
]);

const comesByUnknownProxy = ({ headers, socket }: IncomingMessage, address: string): boolean =>
  headers["x-forwarded-for"] !== undefined && address === socket.remoteAddress && NEAR.has(address);

const proved = new WeakSet<IncomingMessage>();

/** Notes that the sender of a request has proved who it is. */
export const noteProved = ({ raw }: Pick<FastifyRequest, "raw">): void => void proved.add(raw);

/** Whoever asks whether the server lives must always hear. */
const isHealth = ({ url }: FastifyRequest): boolean => /^\/(?:healthz|readyz)(?:\?|$)/.test(url);

/** Has all requests that no source takes pass the gate. */
export function guardRoutes(server: FastifyInstance, gate: Gate): void {
  const inside = new WeakMap<IncomingMessage, Entered>();
  server.addHook("onRequest", async (request) => {
    if (!isHealth(request)) inside.set(request.raw, gate.enter(request.raw, API, request.id));
  });
  server.addHook("onResponse", async ({ raw }, { statusCode }) => {
    if (proved.has(raw)) inside.get(raw)?.proved();
    // What is there for everybody, such as the dashboard's files.
    else if (statusCode < 400) inside.get(raw)?.excused();
  });
}
