import { accessSync, constants } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import type { TestServer } from "./server.ts";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Debian's Chromium, or `HOOKWRIGHT_BROWSER`; null when this machine has none. */
export function findBrowser(): string | null {
  const given = process.env["HOOKWRIGHT_BROWSER"];
  const places = given === undefined ? PLACES : [given];
  return places.find((path) => isExecutable(path)) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A browser on a server's dashboard. */
export interface Dashboard {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the page has complained of: errors, violations of its policy, requests to elsewhere. */
  readonly complaints: string[];
  open(path: string): Promise<void>;
  logIn(token?: string): Promise<void>;
  close(): Promise<void>;
}

export interface DashboardOptions {
  readonly server: Pick<TestServer, "url" | "token">;
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  /** Where the browser goes instead of to the server: a proxy before it. */
  readonly url?: string;
}

export function launchBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === null)
    throw new Error("There is no browser on this machine: apt-get install chromium");
  // As root, which containers are, Chromium starts only without its own sandbox.
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}

export async function openDashboard(browser: Browser, options: DashboardOptions): Promise<Dashboard> {
  const { server, width = 1280, height = 800, dark = false, url = server.url } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    locale: "en-GB",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // A refused request is for the page to show; the browser's own note of it is none of our faults.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      complaints.push(message.text());
    }
  });
  page.on("request", (request) => {
    const to = request.url();
    if (!to.startsWith(url) && !/^(?:data|blob):/.test(to)) complaints.push(`request to ${to}`);
  });
  return {
    page,
    context,
    complaints,
    async open(path) {
      await page.goto(`${url}/ui/${path}`);
    },
    async logIn(token = server.token) {
      await page.goto(`${url}/ui/`);
      await page.getByLabel("Token").fill(token);
      await page.getByRole("button", { name: "Log in" }).click();
      await page.getByRole("heading", { name: "Overview" }).waitFor();
    },
    close: () => context.close(),
  };
}
