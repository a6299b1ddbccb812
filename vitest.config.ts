import { join } from "node:path";
import { defineConfig } from "vitest/config";

// Where bin/hookwright.js has it too; `test/support/compile-setup.ts` says what for.
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "node_modules/.cache/hookwright");

const shared = { testTimeout: 60_000, hookTimeout: 60_000, pool: "forks" } as const;

/** What has to work alike on both stores runs on both. */
const ON_BOTH = [
  "test/{usecases,storage,queue,e2e,outbound}/**/*.test.ts",
  "test/http/{routes/**/*,intake/accept,intake/refuse,intake/unavailable,rollback-loops}.test.ts",
];
/** What is about one of them alone. */
const ON_POSTGRES = ["test/**/*.postgres.test.ts"];

export default defineConfig({
  test: {
    maxWorkers: 2,
    reporters: ["default", "./test/support/summary-reporter.ts"],
    projects: [
      {
        test: {
          ...shared,
          name: "sqlite",
          include: ["test/**/*.test.ts"],
          exclude: ON_POSTGRES,
          env: { HOOKWRIGHT_TEST_STORE: "sqlite" },
          globalSetup: ["test/support/compile-setup.ts", "test/support/web-setup.ts"],
        },
      },
      {
        test: {
          ...shared,
          name: "postgres",
          include: [...ON_BOTH, ...ON_POSTGRES],
          exclude: ["test/**/*.sqlite.test.ts"],
          env: { HOOKWRIGHT_TEST_STORE: "postgres" },
          globalSetup: ["test/support/compile-setup.ts", "test/support/postgres-setup.ts"],
        },
      },
    ],
  },
});
