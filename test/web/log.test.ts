import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeInBrowser } from "../support/web-world.ts";

const SECRET = "a-long-enough-secret";
const HOSTILE = `<img src=x onerror=window.hacked=1><script>window.hacked=1</script>"'\`\${1}</pre></div>`;
const SETTINGS = `
sources: { app: { kind: github, secret: "${SECRET}" } }
actions:
  long:
    workdir: .
    max_log: 64MiB
    steps: [{ name: count, shell: "seq 100000" }]
  drip:
    workdir: .
    steps: [{ name: count, shell: "for n in $(seq 1 200); do echo before $n; done; until test -e more; do sleep 0.05; done; echo the last one" }]
  show:
    workdir: .
    concurrency: { policy: parallel }
    params: { text: { allow_leading_dash: true } }
    on: [{ source: app, event: push, with: { text: event.commit.message } }]
    steps: [{ name: show, shell: 'printf "%b\\n" "$HOOKWRIGHT_PARAM_TEXT"' }]
`;

describeInBrowser("the log", SETTINGS, (world) => {
  it("of 100,000 lines has only those in sight in the page, is searched, and downloaded whole", async () => {
    const { id } = await world.server.client.startTask({ action: "long", params: {} });
    await world.server.ended(id);
    const { page, open } = await world.enter("read");
    await open(`tasks/${id}`);
    const log = page.getByRole("region", { name: "Log", exact: true });
    await log.getByText(/^100,00\d lines$/).waitFor();
    const lines = page.getByRole("region", { name: "Lines" });
    const scrollTo = (part: number) =>
      page.evaluate(
        `{ const box = document.querySelector(".log-scroll"); box.scrollTop = box.scrollHeight * ${part}; }`,
      );
    const inPage = () => page.locator(".log-line").count();
    expect(await inPage()).toBeLessThan(120);
    await scrollTo(1);
    await lines.getByText("100000", { exact: true }).first().waitFor();
    await scrollTo(0.5);
    await lines.getByText("50000", { exact: true }).first().waitFor();
    expect(await inPage()).toBeLessThan(120);
    await page.getByLabel("Search in the log").fill("7777");
    await log.getByText("19 found").waitFor();
    await page.getByLabel("Search in the log").press("Enter");
    await log.getByText("1 of 19").waitFor();
    await lines.locator("mark").getByText("7777", { exact: true }).first().waitFor();
    await page.getByLabel("Search in the log").press("Shift+Enter");
    await log.getByText("19 of 19").waitFor();
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      log.getByRole("button", { name: "Download" }).click(),
    ]);
    expect(saved.suggestedFilename()).toMatch(/^long-.*\.log$/);
    const text = await readFile(await saved.path(), "utf8");
    const numbers = text.split("\n").filter((line) => /^\d+$/.test(line));
    expect(numbers).toEqual(Array.from({ length: 100_000 }, (_, index) => String(index + 1)));
  });

  it("is followed as it grows, unless somebody scrolls up", async () => {
    const { id } = await world.server.client.startTask({ action: "drip", params: {} });
    const { page, open } = await world.enter("read");
    await open(`tasks/${id}`);
    const lines = page.getByRole("region", { name: "Lines" });
    await lines.getByText("before 200").waitFor();
    const follow = page.getByLabel("Follow");
    expect(await follow.isChecked()).toBe(true);
    await lines.hover();
    await page.mouse.wheel(0, -1_500);
    await expect.poll(() => follow.isChecked()).toBe(false);

    await writeFile(join(world.server.dir, "more"), "");
    await page.getByRole("heading", { name: "drip" }).getByText("Succeeded").waitFor();
    expect(await lines.getByText("the last one").count()).toBe(0);
    await follow.check();
    await lines.getByText("the last one").waitFor();
  });

  it("shows colours, and of what else a terminal would obey nothing", async () => {
    const text = String.raw`\033[31mred\033[0m \033[38;5;208mpalette\033[0m \033[38;2;1;2;3mtrue\033[0m \033]0;title\007\033[2J\033[5Aplain 10%%\r\nold\rnew`;
    const { id } = await world.server.client.startTask({ action: "show", params: { text } });
    await world.server.ended(id);
    const { page, open } = await world.enter("read");
    await open(`tasks/${id}`);
    const lines = page.getByRole("region", { name: "Lines" });
    const red = lines.locator(".ansi-red").getByText("red", { exact: true });
    await red.waitFor();
    const colourOf = (word: string) =>
      page.evaluate<string>(
        `getComputedStyle([...document.querySelectorAll(".log-text span")].find((each) => each.textContent === "${word}")).color`,
      );
    expect(await colourOf("palette")).toBe("rgb(255, 135, 0)");
    expect(await colourOf("true")).toBe("rgb(1, 2, 3)");
    await lines.getByText("plain 10%", { exact: false }).waitFor();
    const line = await lines.locator(".log-line").filter({ hasText: "palette" }).innerText();
    expect(line).toMatch(/red palette true plain 10%%?$/);
  });

  it("and everything else shows hostile texts as texts, in the place that they have", async () => {
    const message = `${HOSTILE} \u202Ereversed ${"long".repeat(700)} ${"Z\u0351\u0329\u0312".repeat(50)}`;
    await world.server.push({ secret: SECRET, message });
    const [task] = (await world.server.client.listTasks({ action: "show" })).items;
    await world.server.ended(task?.id ?? "");
    const [delivery] = (await world.server.client.listDeliveries()).items;
    const { page, open } = await world.enter("read");
    for (const path of [`tasks/${task?.id}`, `deliveries/${delivery?.id}`, "tasks", "", "deliveries"]) {
      await open(path);
      await page.getByText("Live", { exact: true }).waitFor();
      if (path.includes("/")) await page.getByText("onerror=window.hacked=1").first().waitFor();
      expect(await page.evaluate("'hacked' in window")).toBe(false);
      expect(await page.locator("main img, main script").count()).toBe(0);
      const tooWide = await page.evaluate("document.documentElement.scrollWidth > innerWidth");
      expect([path, tooWide]).toEqual([path, false]);
    }
    await open(`tasks/${task?.id}`);
    await page.getByRole("region", { name: "Lines" }).getByText("onerror").first().waitFor();
    const heights = await page.evaluate<number[]>(
      "[...document.querySelectorAll('.log-line')].map((line) => line.clientHeight)",
    );
    expect(new Set(heights)).toEqual(new Set([19]));
  });
});
