import type { TestProject } from "vitest/node";
import { startPostgres } from "./postgres.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** URL of the `postgres` database of the server that a whole test run shares. */
    postgres: string;
  }
}

/** Starts the PostgreSQL that the tests share; each makes databases of its own on it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres({ fsync: false });
  project.provide("postgres", server.url("postgres"));
  return () => server.close();
}
