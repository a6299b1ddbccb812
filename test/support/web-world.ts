import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import {
  type Dashboard,
  type DashboardOptions,
  findBrowser,
  launchBrowser,
  openDashboard,
} from "./browser.ts";
import { startTestServer, type TestServer } from "./server.ts";

export interface WebWorld {
  readonly server: TestServer;
  /** A browser that has seen nothing yet. */
  visit(options?: Omit<DashboardOptions, "server">): Promise<Dashboard>;
  /** The same, logged in with a token of its own that may so much. */
  enter(scope?: "read" | "deploy" | "admin", options?: Omit<DashboardOptions, "server">): Promise<Dashboard>;
}

/** Tests in a real browser against the real server; skipped, as web-setup.ts says, where there is none. */
export function describeInBrowser(name: string, settings: string, tests: (world: WebWorld) => void): void {
  // oxlint-disable-next-line vitest/valid-title -- its callers give it
  describe.runIf(findBrowser() !== null)(name, () => {
    let browser: Browser;
    let server: TestServer;
    const opened: Dashboard[] = [];
    let tokens = 0;
    beforeAll(async () => {
      [browser, server] = await Promise.all([launchBrowser(), startTestServer({ settings })]);
    });
    afterEach(async () => {
      for (const dashboard of opened.splice(0)) {
        await dashboard.close();
        expect(dashboard.complaints).toEqual([]);
      }
    });
    afterAll(async () => {
      await browser.close();
      await server.close();
    });

    const visit: WebWorld["visit"] = async (options) => {
      const dashboard = await openDashboard(browser, { server, ...options });
      opened.push(dashboard);
      return dashboard;
    };
    tests({
      get server() {
        return server;
      },
      visit,
      async enter(scope = "admin", options) {
        const dashboard = await visit(options);
        tokens += 1;
        const made = await server.client.createToken({ name: `browser-${tokens}`, scopes: [scope] });
        await dashboard.logIn(made.token);
        return dashboard;
      },
    });
  });
}
