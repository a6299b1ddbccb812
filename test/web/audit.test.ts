import { expect, it } from "vitest";
import { describeInBrowser } from "../support/web-world.ts";

const SETTINGS = `
actions:
  careful: { approve: true, workdir: ., steps: [{ run: [echo, a-word-that-was-printed] }] }
`;

describeInBrowser("an auditor", SETTINGS, (world) => {
  const start = async () => (await world.server.client.startTask({ action: "careful", params: {} })).id;

  it("sees who did what as it happens, chooses, and follows the way to what it was done to", async () => {
    const { page, open } = await world.enter();
    await open("audit");
    const rows = page.getByRole("region", { name: "Events" }).locator("tbody tr");
    await rows.getByText("login", { exact: true }).first().waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    const id = await start();
    await world.server.client.cancelTask(id);
    const cancelled = rows.filter({ hasText: "task.cancel" });
    await cancelled.getByText("Done").waitFor();
    expect(await cancelled.locator("time").getAttribute("title")).toMatch(/\d\d:\d\d:\d\d/);
    await expect(world.server.client.cancelTask(id)).rejects.toMatchObject({ code: "task:not_cancellable" });
    await page.getByLabel("Result").selectOption("Refused");
    await rows.getByText("task:not_cancellable").waitFor();
    expect(await rows.count()).toBe(1);
    await page.getByRole("textbox", { name: "Who" }).fill("token:nobody");
    await page.getByRole("textbox", { name: "Who" }).press("Enter");
    await page.getByText("Nobody has done anything like that.").waitFor();
    await open("audit?action=task.cancel&result=done");
    await rows.getByRole("link").click();
    await page.getByRole("heading", { level: 1 }).getByText("Cancelled").waitFor();
  });

  it("purges the log of a task that has printed too much", async () => {
    const id = await start();
    await world.server.client.approveTask(id);
    await world.server.ended(id);
    const { page, open } = await world.enter();
    await open(`tasks/${id}`);
    const lines = page.getByRole("region", { name: "Lines" });
    await lines.getByText("a-word-that-was-printed", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Purge the log" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Purge the log" }).click();
    await lines.getByText(/^The log was purged by token:browser-\d at /).waitFor();
    expect(await lines.getByText("a-word-that-was-printed").count()).toBe(0);
  });

  it("needs the scope admin", async () => {
    const { page, open } = await world.enter("deploy");
    expect(await page.getByRole("link", { name: "Audit" }).count()).toBe(0);
    await open("audit");
    await page.getByText("This takes the scope admin; you have deploy.").waitFor();
    await open(`tasks/${await start()}`);
    await page.getByRole("button", { name: "Approve" }).waitFor();
    expect(await page.getByRole("button", { name: "Purge the log" }).count()).toBe(0);
  });
});
