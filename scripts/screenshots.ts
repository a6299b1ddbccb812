import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { showcase } from "../test/support/showcase.ts";
import { launchBrowser, openDashboard } from "../test/support/browser.ts";

// Takes the pictures of docs/ui from a real server with made-up tasks. Look at them before they are committed.
const out = fileURLToPath(new URL("../docs/ui/", import.meta.url));
await mkdir(out, { recursive: true });
const { server, places } = await showcase();
const browser = await launchBrowser();

interface Shot {
  readonly name: string;
  readonly path: string;
  readonly dark?: boolean;
  readonly width?: number;
  readonly height?: number;
}

const shots: readonly Shot[] = [
  { name: "overview", path: "" },
  { name: "overview-dark", path: "", dark: true },
  { name: "overview-phone", path: "", width: 390, height: 844 },
  { name: "tasks", path: "tasks" },
  { name: "task", path: `tasks/${places.failed}` },
  { name: "task-dark", path: `tasks/${places.running}`, dark: true },
  { name: "task-phone", path: `tasks/${places.failed}`, width: 390, height: 844 },
  { name: "deliveries", path: "deliveries" },
  { name: "delivery", path: `deliveries/${places.delivery}` },
  { name: "actions", path: "actions" },
  { name: "action", path: "actions/deploy-shop" },
  { name: "apps", path: "apps" },
  { name: "sources", path: "sources" },
  { name: "endpoints", path: "endpoints" },
  { name: "nodes", path: "nodes" },
  { name: "tokens", path: "tokens" },
];

try {
  for (const { name, path, ...look } of shots) {
    const dashboard = await openDashboard(browser, { server, width: 1120, height: 700, ...look });
    if (name === "overview") {
      await dashboard.open("");
      await dashboard.page.getByLabel("Token").waitFor();
      await dashboard.page.screenshot({ path: join(out, "login.png") });
    }
    await dashboard.logIn();
    await dashboard.open(path);
    await dashboard.page.getByText("Live", { exact: true }).waitFor();
    await dashboard.page.waitForTimeout(1_200);
    await dashboard.page.screenshot({ path: join(out, `${name}.png`) });
    for (const complaint of dashboard.complaints) console.error(`${name}: ${complaint}`);
    await dashboard.close();
  }
} finally {
  await browser.close();
  await server.close();
}
