import { expect, it } from "vitest";
import { startCuttingProxy } from "../support/cutting-proxy.ts";
import { describeInBrowser } from "../support/web-world.ts";

const SETTINGS = `
actions:
  count:
    workdir: .
    concurrency: { policy: parallel }
    steps: [{ name: count, shell: "for n in $(seq 1 200); do echo line $n; sleep 0.02; done" }]
  quick: { workdir: ., steps: [{ run: [echo, quick] }] }
`;

describeInBrowser("a connection that is cut", SETTINGS, (world) => {
  it("is shown, and what was missed is caught up with", async () => {
    const proxy = await startCuttingProxy(world.server.url);
    const { page } = await world.enter("read", { url: proxy.url });
    await page.getByText("Live", { exact: true }).waitFor();
    proxy.cutAfter(0);
    proxy.cutNow();
    await page.getByRole("status").getByText("The connection to the server is cut off").waitFor();
    await page.getByText("Cut off", { exact: true }).waitFor();
    const { id } = await world.server.client.startTask({ action: "quick", params: {} });
    await world.server.ended(id);
    expect(await page.getByText(id.slice(-8)).count()).toBe(0);
    proxy.cutAfter(null);
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByRole("region", { name: "Ended lately" }).getByText(id.slice(-8)).waitFor();
    expect(await page.getByText("The connection to the server is cut off").count()).toBe(0);
    await proxy.close();
  });

  it("leaves no gap and no line twice in a log that is followed", async () => {
    const proxy = await startCuttingProxy(world.server.url);
    const { page, context } = await world.enter("read", { url: proxy.url });
    const { id } = await world.server.client.startTask({ action: "count", params: {} });
    await page.goto(`${proxy.url}/ui/tasks/${id}`);
    const lines = page.getByRole("region", { name: "Lines" });
    for (const seen of ["line 20", "line 90", "line 160"]) {
      await lines.getByText(seen, { exact: true }).waitFor();
      proxy.cutNow();
    }
    await context.setOffline(true);
    await page.getByText("Cut off", { exact: true }).waitFor();
    await context.setOffline(false);
    await page.getByRole("heading", { name: "count" }).getByText("Succeeded").waitFor();
    await lines.getByText("line 200", { exact: true }).waitFor();
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download" }).click(),
    ]);
    const text = await (await saved.createReadStream()).toArray();
    const numbers = text
      .join("")
      .split("\n")
      .filter((line) => line.startsWith("line "));
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, index) => `line ${index + 1}`));
    await proxy.close();
  });
});
