import type { RunningServer, StartServerOptions } from "../main.ts";

export type { RunningServer };

/** The one place where the CLI starts a server of its own. */
export async function serve(options: StartServerOptions): Promise<RunningServer> {
  // Loaded only by those that need it: most commands only talk to a running server.
  const { startServer } = await import("../main.ts");
  return startServer(options);
}
