import type { RunningServer, StartServerOptions } from "../main.ts";

export type { RunningServer };

/* The one way from the CLI to what a server is made of. */

export async function serve(options: StartServerOptions): Promise<RunningServer> {
  // Loaded only by those that need it: most commands only talk to a running server.
  const { startServer } = await import("../main.ts");
  return startServer(options);
}

/** What looks at a store from outside. */
export async function storeInspection() {
  const main = await import("../main.ts");
  return main.storeInspection();
}

/** What backs a store up and restores it. */
export async function storeBackups() {
  const main = await import("../main.ts");
  return main.storeBackups();
}

/** What moves a store, which no server may have open meanwhile. */
export async function storeMoving() {
  const main = await import("../main.ts");
  return main.storeMoving();
}
