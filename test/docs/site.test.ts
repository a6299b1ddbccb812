import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { Browser } from "playwright-core";
import { preview, type PreviewServer } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { pageFiles, pageOf, ROOT } from "../../docs/.vitepress/places.ts";
import { sidebarFiles } from "../../docs/.vitepress/sidebar.ts";
import { findBrowser, launchBrowser } from "../support/browser.ts";

const HOME = "docs/index.md";
/** What a browser would fetch by itself. */
const ELSEWHERE = /(?:<(?:script|img|link|iframe)\b[^>]*|url\(|@import\s+)["']?(?:https?:)?\/\/[^"')\s]+/g;

const colours = z.array(z.string().startsWith("rgb")).min(1);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hookwright-site-"));
  // Fails for a link that leads nowhere.
  await execa("npx", ["vitepress", "build", "docs", "--outDir", folder], { cwd: ROOT });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const htmlOf = (page: string): Promise<string> =>
  readFile(join(folder, page.replace(/\.md$/, ".html")), "utf8");

describe("the site of the documentation", () => {
  it("has each page once in its sidebar", () => {
    expect(sidebarFiles.toSorted()).toEqual(pageFiles.filter((file) => file !== HOME));
  });

  it("is built of every page", async () => {
    const files = await readdir(folder, { recursive: true });
    for (const file of pageFiles) expect(files).toContain(pageOf(file).replace(/\.md$/, ".html"));
  });

  it("shows the braces of expressions as they are", async () => {
    expect(await htmlOf("notifications.md")).toContain("<code>${{</code>");
    expect(await htmlOf("steps.md")).toMatch(/\$\{\{ ?params\./);
  });

  it("asks nobody else for anything", async () => {
    const files = await readdir(folder, { recursive: true });
    const asked: string[] = [];
    for (const file of files.filter((name) => /\.(?:html|css)$/.test(name))) {
      const text = await readFile(join(folder, file), "utf8");
      const found = text.match(ELSEWHERE) ?? [];
      asked.push(...found.map((each) => `${file}: ${each}`));
    }
    expect(asked).toEqual([]);
  });
});

describe.runIf(findBrowser() !== null)("in a browser, the site", () => {
  let server: PreviewServer;
  let browser: Browser;
  let url: string;
  beforeAll(async () => {
    browser = await launchBrowser();
    server = await preview({
      appType: "mpa",
      logLevel: "silent",
      build: { outDir: folder },
      preview: { host: "127.0.0.1", port: 0 },
    });
    url = server.resolvedUrls?.local[0] ?? "";
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  it("draws diagrams whose words stand out from their boxes, in light and in dark", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await browser.newPage({ colorScheme });
      for (const path of ["relay", "gitops-rollback"]) {
        await page.goto(`${url}${path}.html`);
        const fills = async (of: string): Promise<string[]> =>
          colours.parse(
            await page.evaluate(
              `[...document.querySelectorAll(".diagram svg ${of}")].map((each) => getComputedStyle(each).fill)`,
            ),
          );
        const [boxes, words] = [await fills("rect"), await fills("text")];
        expect(
          boxes.filter((fill) => words.includes(fill)),
          `${path}, ${colorScheme}`,
        ).toEqual([]);
      }
      await page.close();
    }
  });

  it("leads from its home to a page, and finds another", async () => {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", ({ message }) => complaints.push(message));
    page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
    page.on("request", (request) => void (request.url().startsWith(url) || complaints.push(request.url())));
    await page.goto(url);
    await page.getByRole("link", { name: "See it work" }).click();
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.getByRole("link", { name: "Backup and restore" }).click();
    await page.getByRole("heading", { level: 1, name: "Backup and restore" }).waitFor();
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByRole("searchbox").fill("dead letters");
    await page
      .locator(".search-keyboard-shortcuts, .results a", { hasText: "Notifications" })
      .first()
      .waitFor();
    expect(complaints).toEqual([]);
  });
});
