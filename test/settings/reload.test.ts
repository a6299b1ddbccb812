import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { createClient } from "../../src/client/client.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { startServer } from "../../src/main.ts";
import { temporaryFolder } from "./settings-file.ts";

const settings = (action: string): string =>
  `server: { listen: "127.0.0.1:0" }\nactions: { ${action}: { steps: [{ run: ["true"] }] } }\n`;

it("a server serves by its settings file, takes a changed one over, and keeps the old when the new is bad", async () => {
  const dir = await temporaryFolder();
  const file = join(dir, "hookwright.yaml");
  await writeFile(file, settings("first"));
  const server = await startServer({
    settingsFile: file,
    env: {},
    logger: createLogger({ level: "silent" }),
    signals: true,
  });
  onTestFinished(() => server.close());
  const client = createClient({ url: server.url, token: server.localToken });
  const actions = async (): Promise<string[]> => (await client.listActions()).items.map(({ name }) => name);
  const becomes = (name: string): Promise<void> =>
    vi.waitFor(async () => expect(await actions()).toEqual([name]), { timeout: 20_000 });

  await becomes("first");
  await writeFile(`${file}.new`, settings("second"));
  await rename(`${file}.new`, file);
  await becomes("second");

  await writeFile(file, settings("third").replace("steps", "stepz"));
  await expect(client.reloadSettings()).rejects.toThrow('unknown key; did you mean "steps"?');
  expect(await actions()).toEqual(["second"]);
  await writeFile(file, settings("fourth"));
  await becomes("fourth");
});

it("a server neither starts with nor takes over an account that its machine has not, unless others run the tasks", async () => {
  const dir = await temporaryFolder();
  const file = join(dir, "hookwright.yaml");
  const refused = settings("other").replace("{ steps", "{ user: no-such-account, steps");
  const message = "2:21 actions.other.user: this machine has no account no-such-account";
  const options = { settingsFile: file, env: {}, logger: createLogger({ level: "silent" }) };
  await writeFile(file, refused);
  await expect(startServer(options)).rejects.toThrow(message);
  const receiver = await startServer({ ...options, work: false });
  await receiver.close();

  await writeFile(file, settings("first"));
  const server = await startServer(options);
  onTestFinished(() => server.close());
  const client = createClient({ url: server.url, token: server.localToken });
  await writeFile(file, refused);
  await expect(client.reloadSettings()).rejects.toThrow(message);
  expect((await client.listActions()).items.map(({ name }) => name)).toEqual(["first"]);
});
