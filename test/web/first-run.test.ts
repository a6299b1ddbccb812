import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeInBrowser } from "../support/web-world.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
sources: { app: { kind: github, secret: "${SECRET}" } }
actions:
  deploy:
    workdir: .
    on: [{ source: app, event: push, branch: [main] }]
    steps:
      - { name: first, shell: "until test -e go; do sleep 0.05; done; echo went" }
      - { name: second, run: [echo, done] }
`;

describeInBrowser("who comes for the first time", SETTINGS, (world) => {
  it("logs in with a token, stays logged in, and logs out", async () => {
    const { page, context, open } = await world.visit();
    await open("tasks");
    await page.getByLabel("Token").fill("hw_wrong");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("alert").getByText("unknown, expired or revoked").waitFor();
    await page.getByLabel("Token").fill(world.server.token);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("heading", { name: "Tasks", level: 1 }).waitFor();
    const [cookie, ...others] = await context.cookies();
    expect(others).toEqual([]);
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict" });
    expect(await page.evaluate("document.cookie + JSON.stringify(localStorage)")).not.toContain("hw_");
    await page.reload();
    await page.getByRole("heading", { name: "Tasks", level: 1 }).waitFor();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByLabel("Token").waitFor();
    await page.reload();
    await page.getByLabel("Token").waitFor();
    expect(await context.cookies()).toEqual([]);
  });

  it("is told on empty pages what to do", async () => {
    const { page, open } = await world.enter();
    await page.getByText("Nothing runs. Push to a connected repository").waitFor();
    await open("tasks");
    await page.getByText("There are no tasks yet. Start one of the").waitFor();
    await open("deliveries");
    await page.getByText("No webhook has come yet").waitFor();
    await open("actions/none");
    await page.getByText("The settings have no action none").waitFor();
    await open("elsewhere");
    await page.getByText("There is no such page").waitFor();
  });

  it("sees a push from the delivery to the end of its task without touching anything", async () => {
    const { page } = await world.enter("read");
    await page.getByText("Live", { exact: true }).waitFor();
    await world.server.push({ secret: SECRET, message: "Round prices" });
    const running = page.getByRole("region", { name: "Running" });
    await running.getByText("first", { exact: false }).waitFor();
    const ended = page.getByRole("region", { name: "Ended lately" });
    await running.getByRole("link", { name: "deploy" }).click();
    await page.getByRole("heading", { name: "deploy" }).getByText("Running").waitFor();
    await page.getByRole("region", { name: "Why it started" }).getByText("Round prices").waitFor();
    await page.getByText("to come").waitFor();
    await writeFile(join(world.server.dir, "go"), "");
    await page.getByRole("heading", { name: "deploy" }).getByText("Succeeded").waitFor();
    await page.getByRole("region", { name: "Lines" }).getByText("went", { exact: true }).waitFor();
    await page.getByRole("region", { name: "Lines" }).getByText("done", { exact: true }).waitFor();
    await page.getByRole("link", { name: "Overview" }).click();
    await ended.getByRole("cell", { name: "Succeeded" }).waitFor();
    await page.getByText("100% of 1 task succeeded").waitFor();
  });

  it("is shown only what the token allows", async () => {
    const { page, open } = await world.enter("read");
    const [task] = (await world.server.client.listTasks()).items;
    await open(`tasks/${task?.id}`);
    await page.getByRole("heading", { name: "deploy" }).getByText("Succeeded").waitFor();
    expect(await page.getByRole("button", { name: "Retry" }).count()).toBe(0);
    await open("actions/deploy");
    await page.getByText("This takes the scope deploy").waitFor();
    await open("tokens");
    await page.getByText("This takes the scope admin; you have read").waitFor();
  });

  it("is led back to the way in when the token is revoked", async () => {
    const { page } = await world.visit();
    const { token } = await world.server.client.createToken({ name: "short", scopes: ["read"] });
    await page.goto(`${world.server.url}/ui/`);
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await world.server.client.revokeToken("short");
    // Where the page has not asked for something by itself meanwhile.
    await page.evaluate("document.querySelector('a[href$=deliveries]')?.click()");
    await page.getByLabel("Token").waitFor();
  });
});
