import { afterAll, expect, it } from "vitest";
import { startReceiver, status } from "../support/receiver.ts";
import { describeInBrowser } from "../support/web-world.ts";

const receiver = await startReceiver();
afterAll(() => receiver.close());

const SETTINGS = `
outbound: { allow: [127.0.0.0/8] }
notify:
  ops: { kind: jobserv, url: "${receiver.url}", secret: a-secret, retry_schedule: [0s], events: [task.completed] }
actions:
  publish:
    workdir: .
    notify: [ops]
    params: { text: {} }
    steps:
      - shell: 'mkdir -p app; echo "$HOOKWRIGHT_PARAM_TEXT" > app/text'
      - release: { app: site, from: app, runtime: command, restart: [cat, text] }
`;

describeInBrowser("an operator of apps", SETTINGS, (world) => {
  const publish = async (text: string): Promise<void> => {
    await world.server.ended(
      (await world.server.client.startTask({ action: "publish", params: { text } })).id,
    );
  };

  it("sees releases, and puts an older one in use again", async () => {
    receiver.answer(status(200, {}, "OK"));
    await publish("one");
    await publish("two");
    const { page, open } = await world.enter("deploy");
    await open("apps");
    const rows = page.getByRole("region", { name: "Releases of site" }).locator("tbody tr");
    await expect.poll(() => rows.count()).toBe(2);
    expect(await rows.first().getByText("In use").count()).toBe(1);
    const older = await rows.nth(1).locator("code").first().innerText();
    await rows.nth(1).getByRole("button", { name: "Put in use" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(`Put the release ${older} of site in use again`).waitFor();
    await dialog.getByRole("button", { name: "Put in use" }).click();
    await page.getByRole("heading", { level: 1 }).getByText("Succeeded").waitFor();
    await page.getByRole("region", { name: "Lines" }).getByText("one", { exact: true }).waitFor();
    await open("apps");
    await rows.nth(1).getByText("In use").waitFor();
  });

  it("sees what an endpoint did not take, tests it, and sends it anew", async () => {
    receiver.answer(status(400, {}, "No"));
    await publish("three");
    const { page, open } = await world.enter("deploy");
    await open("endpoints?state=dead");
    const messages = page.getByRole("region", { name: "Messages" });
    await messages.getByRole("button", { name: "Send anew" }).waitFor();
    await page.getByRole("button", { name: "Test ops" }).click();
    await page.getByRole("status").getByText("It answered 400: No").waitFor();
    receiver.answer(status(200, {}, "OK"));
    await messages.getByRole("button", { name: "Send anew" }).click();
    await page.getByRole("dialog").getByText("task.completed").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Send anew" }).click();
    await page.getByText("No message is like that.").waitFor();
    const sentAnew = async () => {
      const { items } = await world.server.client.listMessages({ state: "delivered" });
      return items.filter(({ retry_of: of }) => of !== null).length;
    };
    await expect.poll(sentAnew).toBe(1);
  });
});
