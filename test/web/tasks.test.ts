import { expect, it } from "vitest";
import { describeInBrowser } from "../support/web-world.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
sources: { app: { kind: github, secret: "${SECRET}" } }
work: { concurrency: 8 }
actions:
  wait:
    workdir: .
    concurrency: { group: one, policy: queue }
    steps: [{ name: doze, run: [sleep, "600"], undo: { run: [echo, undone] } }]
  greet:
    description: Says hello
    workdir: .
    on: [{ source: app, event: push, branch: [main], with: { name: event.branch } }]
    params: { name: { pattern: "[a-z]+", description: Whom }, greeting: { default: hello } }
    steps: [{ name: speak, shell: 'echo "$HOOKWRIGHT_PARAM_GREETING, $HOOKWRIGHT_PARAM_NAME"' }]
  careful:
    workdir: .
    approve: true
    steps: [{ run: [echo, careful] }]
`;

describeInBrowser("an operator", SETTINGS, (world) => {
  const start = async (action: string, params = {}) =>
    (await world.server.client.startTask({ action, params })).id;

  it("cancels a running task once the question is answered, and sees who waits in which place", async () => {
    const id = await start("wait");
    await world.server.reached(id, "RUNNING");
    const behind = await start("wait");
    const { page, open } = await world.enter("deploy");
    await page.getByRole("region", { name: "Waiting" }).getByText("Place 1 in the group one").waitFor();
    await open(`tasks/${id}`);
    const cancel = page.getByRole("button", { name: "Cancel" });
    await cancel.click();
    const dialog = page.getByRole("dialog", { name: "Cancel" });
    await dialog.getByText(`Cancel the task wait (${id.slice(-8)})?`).waitFor();
    await dialog.getByRole("button", { name: "Keep as it is" }).click();
    expect((await world.server.client.getTask(id)).state).toBe("RUNNING");
    await cancel.click();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("heading", { name: "wait" }).getByText("Cancelled").waitFor();
    await page
      .getByRole("region", { name: "Task" })
      .getByText(/^Cancelled by token:browser-/)
      .waitFor();
    await world.server.client.cancelTask(behind);
  });

  it("starts an action by its form, after a look at the plan, and is told what is wrong", async () => {
    const { page, open } = await world.enter("deploy");
    await open("actions/greet");
    await page.getByLabel("name").fill("Ada");
    await page.getByRole("button", { name: "Start greet" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("name").fill("ada");
    await page.getByRole("button", { name: "Show the plan" }).click();
    await page.getByText("Nothing was started. It would run:").waitFor();
    await page.getByRole("button", { name: "Start greet" }).click();
    await page.getByRole("region", { name: "Lines" }).getByText("hello, ada").waitFor();
    await page.getByRole("heading", { name: "greet" }).getByText("Succeeded").waitFor();
  });

  it("retries a task that has ended", async () => {
    const id = await start("greet", { name: "bob" });
    await world.server.ended(id);
    const { page, open } = await world.enter("deploy");
    await open(`tasks/${id}`);
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Retry" }).click();
    await page.getByRole("region", { name: "Why it started" }).getByText("retried the task").waitFor();
    await page.getByRole("region", { name: "Lines" }).getByText("hello, bob").waitFor();
    expect(page.url()).not.toContain(id);
  });

  it("approves what waits for it, with a word for the log, and refuses", async () => {
    const [yes, no] = [await start("careful"), await start("careful")];
    const { page, open } = await world.enter("deploy");
    await open(`tasks/${yes}`);
    await page.getByRole("heading", { name: "careful" }).getByText("Needs approval").waitFor();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByLabel("Comment, for the log").fill("Looks fine");
    await page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
    await page.getByRole("heading", { name: "careful" }).getByText("Succeeded").waitFor();
    await page.getByRole("region", { name: "Lines" }).getByText("Looks fine").waitFor();
    await open(`tasks/${no}`);
    await page.getByRole("button", { name: "Refuse" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Refuse" }).click();
    await page.getByRole("heading", { name: "careful" }).getByText("Rejected").waitFor();
  });

  it("finds a task by what it was started with, its state and its action", async () => {
    await world.server.ended(await start("greet", { name: "zacharias" }));
    const { page, open } = await world.enter("read");
    await open("tasks");
    const rows = page.getByRole("region", { name: "Tasks" }).locator("tbody tr");
    await page.getByLabel("Search").fill("zacha");
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByLabel("State").selectOption("Failed");
    await page.getByText("No task is like that").waitFor();
    await page.getByLabel("State").selectOption("Succeeded");
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByLabel("Search").fill("");
    await page.getByLabel("Action").selectOption("careful");
    await rows.getByText("careful").first().waitFor();
    expect(new URL(page.url()).search).toBe("?status=outcome%3Asucceeded&action=careful");
  });

  it("sees why a delivery started what it did, tries a replay, and replays it", async () => {
    await world.server.push({ secret: SECRET, branch: "other" });
    await world.server.push({ secret: SECRET, branch: "main" });
    const { page, open } = await world.enter("deploy");
    await open("deliveries");
    const rows = page.getByRole("region", { name: "Deliveries" }).locator("tbody tr");
    await expect.poll(() => rows.count()).toBe(2);
    await rows.first().getByRole("link").click();
    const rules = page.getByRole("region", { name: "Rules" });
    await rules.first().getByText("Matches").waitFor();
    await page.getByRole("region", { name: "Content of the body" }).getByText('"refs/heads/main"').waitFor();
    await page.getByRole("button", { name: "Try a replay" }).click();
    await page.getByText("It would start greet.").waitFor();
    expect((await world.server.client.listDeliveries()).items).toHaveLength(2);
    const first = page.url();
    await page.getByRole("button", { name: "Replay", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Replay" }).click();
    await page.getByText("Replay of").waitFor();
    expect(page.url()).not.toBe(first);
    expect((await world.server.client.listDeliveries()).items).toHaveLength(3);
    await page.goBack();
    await page.goBack();
    await rows.getByText("a replay").waitFor();
  });

  it("makes a token that is shown once, and revokes it", async () => {
    const { page, open } = await world.enter("admin");
    await open("tokens");
    await page.getByLabel("Name", { exact: true }).fill("wall");
    await page.getByRole("button", { name: "Make the token" }).click();
    const made = page.getByText("The token wall, shown this once");
    const token = await made.locator("code").innerText();
    expect((await world.server.api("/whoami", { token })).status).toBe(200);
    const row = page.getByRole("row").filter({ hasText: "wall" });
    await row.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("dialog").getByText("Revoke the token wall?").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await row.getByText("Revoked").waitFor();
    expect((await world.server.api("/whoami", { token })).status).toBe(401);
  });

  it("adds a user of the deploy API, and locks them out", async () => {
    const { page, open } = await world.enter("admin");
    await open("tokens");
    await page.getByLabel("New user").fill("ada");
    await page.getByLabel("Password").fill("a long enough password");
    await page.getByRole("button", { name: "Add the user" }).click();
    const row = page.getByRole("region", { name: "Users" }).getByRole("row").filter({ hasText: "ada" });
    await row.getByText("May log in").waitFor();
    await row.getByRole("button", { name: "Lock out" }).click();
    await page.getByRole("dialog").getByText("Lock the user ada out?").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Lock out" }).click();
    await row.getByText("Locked out").waitFor();
    expect((await world.server.client.listUsers()).items[0]?.disabled_at).not.toBeNull();
  });
});
