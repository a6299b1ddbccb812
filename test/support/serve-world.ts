import { createSessions } from "../../src/accounts/sessions.ts";
import { createTokens } from "../../src/accounts/tokens.ts";
import { createUsers } from "../../src/accounts/users.ts";
import { createHttpServer, type HttpServer } from "../../src/http/server.ts";
import { createLogger, type Logger } from "../../src/lib/logger.ts";
import type { World } from "./world.ts";

export interface ServedWorld {
  readonly url: string;
  readonly http: HttpServer;
}

/** The HTTP side over a world, whose parts a test can break. The caller closes `http`, then the world. */
export async function serveWorld(
  { app, services, meters }: Pick<World, "app" | "services" | "meters">,
  logger: Logger = createLogger({ level: "silent" }),
): Promise<ServedWorld> {
  const { store, auditor } = services;
  const tokens = createTokens({ store, auditor });
  const http = createHttpServer({
    app,
    meters,
    tokens,
    sessions: createSessions({ store, auditor, tokens }),
    users: createUsers({ store, auditor }),
    pairings: services.pairings,
    logger,
    auditor,
    settings: () => services.settings.current(),
    tls: null,
  });
  const { url } = await http.listen({ host: "127.0.0.1", port: 0 });
  return { url, http };
}
