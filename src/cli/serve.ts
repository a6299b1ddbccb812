import { startServer, type RunningServer, type StartServerOptions } from "../main.ts";

export type { RunningServer };

/** The one place where the CLI starts a server of its own. */
export const serve = (options: StartServerOptions): Promise<RunningServer> => startServer(options);
