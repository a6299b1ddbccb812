import { expect, it } from "vitest";
import { describeInBrowser } from "../support/web-world.ts";

const PASSWORD = "a password that is long";
const SETTINGS = `
deploy: { apps: { hello: { repository: dscape/hello, users: [ann] } } }
actions:
  deploy-hello:
    workdir: .
    on: [{ source: deploy, event: push, repository: dscape/hello }]
    steps: [{ run: [echo, hello] }]
  unrelated: { workdir: ., steps: [{ run: ["true"] }] }
`;

describeInBrowser("a user with a password", SETTINGS, (world) => {
  const enter = async (user: string) => {
    const dashboard = await world.visit();
    const { page, open } = dashboard;
    await open("");
    await page.getByRole("button", { name: "As a user instead" }).click();
    await page.getByLabel("User").fill(user);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Log in" }).click();
    return dashboard;
  };

  it("is added on the dashboard, logs in, and is out at once when shut out", async () => {
    const { page, open } = await world.enter();
    await open("tokens");
    await page.getByLabel("New user").fill("ted");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("combobox", { name: /^May/ }).selectOption("read");
    await page.getByRole("button", { name: "Add the user" }).click();
    await page.getByRole("region", { name: "Users" }).getByRole("cell", { name: "read" }).waitFor();
    const visitor = await enter("ted");
    await visitor.page.getByRole("heading", { name: "Overview" }).waitFor();
    expect(await visitor.page.getByRole("link", { name: "Audit" }).count()).toBe(0);
    await world.server.client.changeUser("ted", { disabled: true });
    // Where the page has not asked for something by itself meanwhile.
    await visitor.page.evaluate("document.querySelector('a[href$=deliveries]')?.click()");
    await visitor.page.getByLabel("Token").waitFor();
  });

  it("sees and deploys their own apps, and is offered nothing else", async () => {
    await world.server.client.addUser({ name: "ann", password: PASSWORD });
    const { id } = await world.server.client.startTask({ action: "unrelated", params: {} });
    const { page, open } = await enter("ann");
    await page.getByRole("heading", { level: 1, name: "Tasks" }).waitFor();
    const links = page.getByRole("navigation", { name: "Main" }).getByRole("link");
    expect(await links.allInnerTexts()).toEqual(["Tasks", "Actions", "Apps"]);
    await page.getByText("There are no tasks yet.").waitFor();
    await page.getByRole("link", { name: "Actions", exact: true }).click();
    await page.getByRole("link", { name: "deploy-hello" }).click();
    await page.getByRole("button", { name: "Start deploy-hello" }).click();
    await page.getByRole("heading", { level: 1 }).getByText("Succeeded").waitFor();
    await page.getByText("Started by user:ann.").waitFor();
    expect(await page.getByRole("button", { name: "Purge the log" }).count()).toBe(0);
    await open(`tasks/${id}`);
    await page.getByText("may see and deploy their own apps only").waitFor();
    await open("deliveries");
    await page.getByText("This takes the scope read; you have none.").waitFor();
  });
});
