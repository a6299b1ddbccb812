import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { showcase } from "../test/support/showcase.ts";
import { launchBrowser, openDashboard } from "../test/support/browser.ts";

// Takes the pictures of docs/ui, or of some pages (their names), from a real server with made-up tasks: each page in light and
// in dark, and as wide as a telephone. Look at them before they are committed.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: "string", default: fileURLToPath(new URL("../docs/ui/", import.meta.url)) } },
});
await mkdir(values.out, { recursive: true });
const { server, places } = await showcase();
const browser = await launchBrowser();

/** Name of the picture → path of the page. */
const PAGES: Readonly<Record<string, string>> = {
  overview: "",
  tasks: "tasks",
  task: `tasks/${places.failed}`,
  "task-running": `tasks/${places.running}`,
  deliveries: "deliveries",
  delivery: `deliveries/${places.delivery}`,
  actions: "actions",
  action: "actions/deploy-shop",
  apps: "apps",
  sources: "sources",
  endpoints: "endpoints",
  nodes: "nodes",
  tokens: "tokens",
  audit: "audit",
};
const LOOKS = [
  { suffix: "", width: 1120, height: 700, dark: false },
  { suffix: "-dark", width: 1120, height: 700, dark: true },
  { suffix: "-phone", width: 390, height: 844, dark: false },
] as const;

const isWanted = (name: string): boolean => positionals.length === 0 || positionals.includes(name);

try {
  for (const { suffix, ...look } of LOOKS) {
    const { page, open, logIn, close, complaints } = await openDashboard(browser, { server, ...look });
    const take = (name: string) => page.screenshot({ path: join(values.out, `${name}${suffix}.png`) });
    await open("");
    await page.getByLabel("Token").waitFor();
    if (isWanted("login")) await take("login");
    if (isWanted("login-user")) {
      await page.getByRole("button", { name: "As a user instead" }).click();
      await take("login-user");
    }
    await logIn();
    for (const [name, path] of Object.entries(PAGES).filter(([each]) => isWanted(each))) {
      await open(path);
      await page.getByText("Live", { exact: true }).waitFor({ state: "attached" });
      // Charts and logs are drawn after they have come.
      await page.waitForTimeout(1_200);
      await take(name);
      for (const complaint of complaints.splice(0)) console.error(`${name}${suffix}: ${complaint}`);
    }
    await close();
  }
} finally {
  await browser.close();
  await server.close();
}
