import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { describeInBrowser } from "../support/web-world.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
notify:
  ops: { kind: jobserv, url: "http://10.1.2.3/", secret: a-secret, retry_schedule: [0s], events: [task.completed] }
sources: { app: { kind: github, secret: "${SECRET}" } }
work: { concurrency: 2 }
actions:
  publish:
    workdir: .
    notify: [ops]
    steps: [{ release: { app: site, runtime: command, restart: ["true"] } }]
  deploy:
    description: Deploys
    workdir: .
    params: { sha: { pattern: "[0-9a-f]+" } }
    on: [{ source: app, event: push, branch: [main], with: { sha: event.commit.sha } }]
    steps: [{ name: talk, shell: "printf '\\\\033[31mred\\\\033[32mgreen\\\\033[0m\\\\n'" }, { run: ["false"] }]
  wait: { workdir: ., steps: [{ run: [sleep, "600"] }] }
`;

const axeResult = z.object({
  violations: z.array(
    z.object({
      id: z.string(),
      impact: z.string().nullable(),
      nodes: z.array(z.object({ html: z.string() })),
    }),
  ),
});

const seriousFindings = async (page: Page): Promise<string[]> => {
  const { violations } = axeResult.parse(
    await page.evaluate("axe.run(document, { resultTypes: ['violations'] })"),
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
};

describeInBrowser("the dashboard", SETTINGS, (world) => {
  let axe = "";
  const paths: string[] = [
    "",
    "tasks",
    "deliveries",
    "actions",
    "actions/deploy",
    "apps",
    "sources",
    "endpoints",
    "nodes",
    "tokens",
    "audit",
  ];
  beforeAll(async () => {
    axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    await world.server.push({ secret: SECRET });
    await world.server.push({ secret: SECRET, body: "{" });
    const [ended] = (await world.server.client.listTasks({ action: "deploy" })).items;
    await world.server.ended(ended?.id ?? "");
    await world.server.ended((await world.server.client.startTask({ action: "publish", params: {} })).id);
    const { id: running } = await world.server.client.startTask({ action: "wait", params: {} });
    await world.server.client.startTask({ action: "wait", params: {} });
    const [delivery] = (await world.server.client.listDeliveries({ verdict: "accepted" })).items;
    paths.push(`tasks/${ended?.id}`, `tasks/${running}`, `deliveries/${delivery?.id}`);
  });

  it.each([{ dark: false }, { dark: true }])(
    "has no serious finding of axe on any page, dark: $dark",
    async ({ dark }) => {
      const { page, context, open } = await world.visit({ dark });
      // As an extension would: the page's own policy lets no other script in.
      await context.addInitScript({ content: axe });
      await open("");
      await page.getByLabel("Token").waitFor();
      expect(await seriousFindings(page)).toEqual([]);
      await page.getByLabel("Token").fill(world.server.token);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      for (const path of paths) {
        await open(path);
        await page.getByText("Live", { exact: true }).waitFor();
        await expect.poll(() => page.getByText("Loading").count()).toBe(0);
        expect([path, await seriousFindings(page)]).toEqual([path, []]);
      }
      await page.goto(`${world.server.url}/ui/${paths[12]}`);
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.getByRole("dialog").waitFor();
      expect(await seriousFindings(page)).toEqual([]);
    },
  );

  it("fits a telephone: no page is wider than the screen", async () => {
    const { page, open } = await world.enter("admin", { width: 360, height: 740 });
    for (const path of paths) {
      await open(path);
      await page.getByText("Live", { exact: true }).waitFor();
      await expect.poll(() => page.getByText("Loading").count()).toBe(0);
      const width = await page.evaluate("document.documentElement.scrollWidth");
      expect([path, width]).toEqual([path, 360]);
    }
  });

  it("is used with the keyboard alone: from the list to a task, its cancel, and back out of the question", async () => {
    const { page } = await world.enter("deploy");
    const press = (key: string) => page.keyboard.press(key);
    const focused = () => page.evaluate<string>("document.activeElement?.textContent ?? ''");
    const tabTo = async (text: RegExp): Promise<void> => {
      for (let count = 0; count < 60; count += 1) {
        if (text.test(await focused())) return;
        await press("Tab");
      }
      throw new Error(`Tab does not lead to ${text}`);
    };
    // A new page begins at its heading.
    await expect.poll(focused).toBe("Overview");
    await page.evaluate("document.activeElement.blur(); scrollTo(0, 0)");
    await press("Shift+Tab");
    await tabTo(/^Tasks$/);
    await press("Enter");
    await page.getByRole("heading", { level: 1, name: "Tasks" }).waitFor();
    await expect.poll(focused).toBe("Tasks");
    await page.getByRole("link", { name: "wait" }).first().waitFor();
    await tabTo(/^[0-9a-f]{8}$/);
    await press("Enter");
    await page.getByRole("button", { name: "Cancel" }).waitFor();
    await tabTo(/^Cancel$/);
    await press("Enter");
    await page.getByRole("dialog").waitFor();
    await press("Escape");
    await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
    expect(await focused()).toBe("Cancel");
  });

  it("tells exactly when on hover, and says its progress to a screen reader", async () => {
    const { page } = await world.enter("read");
    await page.getByRole("progressbar", { name: "Progress of wait" }).waitFor();
    const time = page.locator("time").first();
    expect(await time.getAttribute("title")).toMatch(/\d{4}.*\d{2}:\d{2}:\d{2}/);
  });
});
