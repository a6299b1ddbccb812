import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { freePort } from "../support/free-port.ts";

const folder = join(import.meta.dirname, "../../examples/foundries");
const read = (name: string): Promise<string> => readFile(join(folder, name), "utf8");

describe("Foundries.io's example", () => {
  it("has the sample of their documentation in the bytes that JobServ writes", async () => {
    const text = await read("build-67.body");
    const build: unknown = JSON.parse(text);
    expect(build).toMatchObject({ build_id: 67, status: "PASSED", trigger_name: "containers-devel" });
    // Python puts a space after each comma and colon between values.
    expect(text).toMatch(/^\{"build_id": 67, "url": "https:/);
  });

  it("names one path and one secret throughout", async () => {
    const config = z.object({
      notify: z.object({ webhooks: z.array(z.object({ url: z.url(), secret_name: z.string() })) }),
    });
    const [webhook] = config.parse(parse(await read("factory-config.yml"))).notify.webhooks;
    const settings = z.object({ sources: z.object({ factory: z.object({ path: z.string() }) }) });
    const { factory } = settings.parse(parse(await read("hookwright.yaml"))).sources;
    expect(new URL(webhook?.url ?? "").pathname).toBe(factory.path);
    expect(await read("walk.sh")).toContain(webhook?.secret_name);
  });

  it("goes as it says, with a relay and a forwarder in place of Ngrok", { timeout: 180_000 }, async () => {
    const [relay, server, listen] = [await freePort(), await freePort(), await freePort()];
    const { stdout } = await execa(join(folder, "walk.sh"), [], {
      timeout: 170_000,
      env: { RELAY_PORT: String(relay), SERVER_PORT: String(server), LISTEN_PORT: String(listen) },
    });
    const build: unknown = JSON.parse(await read("build-67.body"));
    const printed = /^ {2}│ (\{"build_id":67.*\})$/m.exec(stdout)?.[1] ?? "";
    expect(JSON.parse(printed)).toEqual(build);
    expect(stdout).toMatch(/^webhook +token +1 \(/m);
    expect(stdout).toContain("roll-outs so far: 1");
    expect(stdout).toContain("prints: 2, roll-outs: 1");
    expect(stdout).toContain("signature:invalid 1");
    expect(stdout).toMatch(/^HMAC SIG sha256:[0-9a-f]{64}$/m);
    expect(stdout).toMatch(/^BODY b'\{"build_id": \d+, .*"status": "PASSED"/m);
    expect(stdout).toMatch(/^webhook +token +0 \(0 B\) +3 +1 /m);
  });
});
